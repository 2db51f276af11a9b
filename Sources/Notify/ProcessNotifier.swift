import LinuxIO

/// Signals processes by their name.
enum ProcessNotifier {
    struct Failure: Error, CustomStringConvertible { let description: String }

    /// Signals each process of the name, except those whose parent has the name too: these are workers, and their parent
    /// tells them. A process that has not installed a handler yet would be ended by most signals, and is not signalled.
    ///
    /// - Throws: if there is no such process, or if one of them was not signalled.
    static func send(_ signal: SignalNumber, to name: String) throws(Failure) {
        let all: [ProcessEntry]
        do throws(LinuxError) {
            all = try ProcessEntry.all()
        } catch {
            throw Failure(description: error.description)
        }
        let named = all.filter { $0.isNamed(name) }
        let identifiers = Set(named.map(\.identifier))
        let receivers = named.filter { !identifiers.contains($0.parent) }
        guard !receivers.isEmpty else {
            throw Failure(description: "there is no process \(name) in this PID namespace")
        }
        var failures: [String] = []
        for receiver in receivers {
            guard receiver.handles(signal) || signal.endsProcesses else {
                failures.append("process \(receiver.identifier) (\(receiver.command)) does not handle \(signal)")
                continue
            }
            do throws(LinuxError) {
                try receiver.send(signal)
            } catch {
                failures.append(error.description)
            }
        }
        if let failure = failures.first { throw Failure(description: failure) }
    }
}
