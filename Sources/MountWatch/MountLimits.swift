/// Limits for the content of a mount. They are far above real use, so that a wrong path (`/`) fails soon.
package enum MountLimits {
    /// The maximum number of files and directories.
    static let files = 10_000
    /// The maximum size of all files together, in bytes.
    static let bytes = 32 << 20
    /// The maximum depth of nested directories.
    package static let depth = 24
    /// The maximum number of readings of content that changes while it is read.
    static let tries = 8
}
