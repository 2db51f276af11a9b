import Glibc

/// Whether there are as many as it takes to begin at all. libdispatch ends the process by a trap if it cannot open its
/// epoll instance, its eventfds and its timers.
enum Descriptors {
    private static let needed = 12

    /// How many files may be open.
    static var limit: UInt {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return limit.rlim_cur
    }

    static var suffice: Bool {
        var free = 0
        for number in 0..<Int32(clamping: limit) where fcntl(number, F_GETFD) < 0 {
            free += 1
            if free == needed { return true }
        }
        return false
    }
}
