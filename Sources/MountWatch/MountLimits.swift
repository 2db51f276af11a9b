/// How much of a folder is taken for secrets: far more than there are, so that a wrong path (`/`) ends soon.
package enum MountLimits {
    /// Files and directories.
    static let files = 10_000
    /// Bytes of all files together.
    static let bytes = 32 << 20
    /// Directories below one another.
    package static let depth = 24
    /// How often something that changes while it is read is read anew.
    static let tries = 8
}
