import Glibc

/// The memory of a process in bytes, from proc_pid_status(5).
struct MemoryUse: Sendable {
    let anonymous: Int
    let resident: Int
    /// The peak of resident memory.
    let mostResident: Int

    init(of process: pid_t) throws(ProcessUsage.Failure) {
        let path = "/proc/\(process)/status"
        guard let anonymous = ProcessFile.number("RssAnon", path), let resident = ProcessFile.number("VmRSS", path),
            let most = ProcessFile.number("VmHWM", path)
        else { throw ProcessUsage.Failure(description: "process \(process) has ended") }
        (self.anonymous, self.resident, mostResident) = (anonymous << 10, resident << 10, most << 10)
    }
}

/// Samples a process for the peak of its anonymous memory.
struct PeakWatch: Sendable {
    private let task: Task<Int, Never>

    init(_ process: pid_t) {
        task = Task {
            var most = 0
            while !Task.isCancelled {
                most = max(most, (try? MemoryUse(of: process))?.anonymous ?? 0)
                try? await Task.sleep(for: .milliseconds(5))
            }
            return most
        }
    }

    /// - Returns: bytes.
    func stop() async -> Int {
        task.cancel()
        return await task.value
    }
}
