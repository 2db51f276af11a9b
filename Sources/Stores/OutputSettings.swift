package import LinuxIO

/// What local mode writes below `OUTPUT_PATH`.
package struct OutputSettings: Sendable, Equatable {
    /// `OUTPUT_FORMAT`.
    package enum Format: String, Sendable, CaseIterable {
        /// Secret manifests, `<namespace>/<secret>.yaml`.
        case manifests
        /// A file for each key, `<secret>/<key>`, replaced together.
        case files
        /// Files of variables, `<secret>.env`.
        case env
        /// `<secret>.properties`.
        case properties
        /// `<secret>.json`.
        case json
        /// `secrets.properties`, the file of kees.
        case kees
    }

    package var format = Format.manifests
    /// The mode of the files and the group of files and folders. Not for manifests.
    package var attributes = FileAttributes(mode: 0o440)

    package init() {}

    package init(_ format: Format, _ attributes: FileAttributes = FileAttributes(mode: 0o440)) {
        self.format = format
        self.attributes = attributes
    }

    /// Whether paths contain the namespace. Otherwise all namespaces share them.
    package var hasNamespaces: Bool { format == .manifests }

    /// The name of the one target that the format has; nil if each distribution has its own.
    package var onlyTarget: String? { format == .kees ? "secrets" : nil }
}
