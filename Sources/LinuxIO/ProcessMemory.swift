import CLinux
import Glibc

/// Settings for the memory of this process, which contains secrets.
package enum ProcessMemory {
    /// Keeps secrets from leaving the memory: disables core dumps, debuggers except root's, and the Swift runtime's
    /// backtraces, which show the memory that registers point to. Call it before secrets are read. (`CWipe` wipes freed
    /// memory.)
    package static func protect() {
        _ = linux_forbid_dumps()
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        for number in [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP] { signal(number, SIG_DFL) }
    }

    /// Makes all threads share one malloc arena, so that any thread can reuse freed memory, and makes large blocks go
    /// back to the system as soon as they are freed. Call it before other threads exist.
    package static func limitGrowth() {
        mallopt(M_ARENA_MAX, 1)
        // The default value. Setting it disables the dynamic threshold, which grows with the size of freed blocks
        // (mallopt(3)).
        mallopt(M_MMAP_THRESHOLD, 128 << 10)
    }

    /// Returns free memory to the system, also between blocks in use: malloc_trim(3). It takes some milliseconds, in
    /// which other threads cannot allocate memory.
    package static func giveBack() { malloc_trim(0) }
}
