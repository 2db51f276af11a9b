import CLinux
import Glibc

/// The memory of this process, in which secrets are.
package enum ProcessMemory {
    /// Keeps secrets from leaving the memory: no core dumps, and no debugger but root's. To be called before anything
    /// secret is read. (That they do not stay in it when it is freed is `CWipe`'s matter.)
    package static func protect() {
        _ = linux_forbid_dumps()
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    }
}
