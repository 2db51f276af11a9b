import CLinux
import Glibc

/// The memory of this process, in which secrets are.
package enum ProcessMemory {
    /// Keeps secrets from leaving the memory: no core dumps, no debugger but root's, and no backtrace of Swift's runtime,
    /// which shows what is in memory wherever a register points to. To be called before anything secret is read. (That
    /// they do not stay in it when it is freed is `CWipe`'s matter.)
    package static func protect() {
        _ = linux_forbid_dumps()
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        for number in [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP] { signal(number, SIG_DFL) }
    }

    /// Has all threads take their memory from one place, so that what one has freed another can use, and has what is large
    /// go back at once when it is freed, however large that has been before. To be called before there are threads.
    package static func stayCompact() {
        mallopt(M_ARENA_MAX, 1)
        // Its default, which grows by what is freed unless it is set (mallopt(3)).
        mallopt(M_MMAP_THRESHOLD, 128 << 10)
    }

    /// Gives what is free back to the system, also from between what is in use: malloc_trim(3). Some milliseconds, in which
    /// no other thread gets memory.
    package static func giveBack() { malloc_trim(0) }
}
