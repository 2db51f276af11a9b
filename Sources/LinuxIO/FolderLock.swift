import Glibc

extension Directory {
    /// Locks the directory until this value is destroyed (flock(2)), also if the process is killed.
    ///
    /// - Returns: false if somebody else has the lock. True also on a file system without such locks, like NFS for
    ///   directories.
    package func lock() throws(LinuxError) -> Bool {
        do throws(LinuxError) {
            try checked("lock", path) { flock(descriptor.rawValue, LOCK_EX | LOCK_NB) }
            return true
        } catch {
            switch error.code {
            case EAGAIN: return false
            case EBADF, EINVAL, ENOLCK, EOPNOTSUPP, ENOSYS: return true
            default: throw error
            }
        }
    }
}
