import Glibc
import LinuxIO

/// Signals processes by their name.
enum ProcessNotifier {
    struct Failure: Error, CustomStringConvertible { let description: String }

    /// A process that was signalled. A later one with its identifier is another.
    struct Signalled: Sendable, Hashable {
        let identifier: Int32
        let startTime: UInt64

        init(_ process: ProcessEntry) { (identifier, startTime) = (process.identifier, process.startTime) }
    }

    /// Signals each process of the name, except those whose parent has the name too: these are workers, and their parent
    /// tells them. A process that has not installed a handler yet would be ended by most signals, and is not signalled.
    ///
    /// - Parameter signalled: the processes that know already, because another one failed. Those that this call signals
    ///   are added, also if it throws.
    /// - Throws: if there is no such process, or if one of them was not signalled.
    static func send(
        _ signal: SignalNumber, to name: String, except signalled: inout Set<Signalled>
    ) throws(Failure) {
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
        for receiver in receivers where !signalled.contains(Signalled(receiver)) {
            guard receiver.handles(signal) || signal.endsProcesses else {
                failures.append("process \(receiver.identifier) (\(receiver.command)) does not handle \(signal)")
                continue
            }
            do throws(LinuxError) {
                try receiver.send(signal)
                signalled.insert(Signalled(receiver))
            } catch  where error.code == ESRCH {
                // It has ended. What starts in its place reads the new content.
            } catch {
                failures.append(error.description)
            }
        }
        if let failure = failures.first { throw Failure(description: failure) }
    }
}
