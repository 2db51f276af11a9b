import Glibc

/// What sleeping needs of the kernel, opened while there is enough of it.
///
/// libdispatch opens an epoll instance, an eventfd and a timer of each clock at the first sleep that needs them, and ends
/// the process by a trap (SIGILL) if it cannot: one that lacks descriptors for a while later on must find them open.
enum Timers {
    /// How many descriptors that takes, with some for what is opened meanwhile.
    private static let needed = 8

    /// How many files may be open.
    static var limit: UInt {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return limit.rlim_cur
    }

    /// - Returns: false if there are too few descriptors; then nothing may sleep.
    static func open() async -> Bool {
        let descriptors = (0..<needed).map { _ in Glibc.open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        for descriptor in descriptors where descriptor >= 0 { close(descriptor) }
        guard !descriptors.contains(-1) else { return false }
        try? await Task.sleep(for: .milliseconds(1))
        try? await Task.sleep(for: .milliseconds(1), tolerance: .milliseconds(1))
        try? await Task.sleep(for: .milliseconds(1), clock: .suspending)
        return true
    }
}
