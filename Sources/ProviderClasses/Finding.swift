/// A problem of a SecretProviderClass, or of its use, with its place.
package struct Finding: Sendable, Equatable {
    package let place: FilePlace
    package let message: String
    /// Whether it is only a remark and not an error.
    package let isRemark: Bool

    package init(_ place: FilePlace, _ message: String, isRemark: Bool = false) {
        (self.place, self.message, self.isRemark) = (place, message, isRemark)
    }
}

/// A line of a file.
package struct FilePlace: Sendable, Hashable {
    package let file: String
    /// Starts at 1; 0 for the whole file.
    package let line: Int

    package init(file: String, line: Int) { (self.file, self.line) = (file, line) }
}
