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
}
