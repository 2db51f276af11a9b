/// A problem or a remark about a file, with its place.
package struct Finding: Sendable, Equatable, CustomStringConvertible {
    package let place: FilePlace
    package let message: String
    /// Whether it is only a remark and not an error.
    package let isRemark: Bool

    package init(_ place: FilePlace, _ message: String, isRemark: Bool = false) {
        (self.place, self.message, self.isRemark) = (place, message, isRemark)
    }

    /// - Parameter line: starts at 1; 0 for the whole file.
    package init(file: String, line: Int, message: String, isRemark: Bool = false) {
        self.init(FilePlace(file: file, line: line), message, isRemark: isRemark)
    }

    package var file: String { place.file }
    package var line: Int { place.line }

    package var description: String { "\(place): \(isRemark ? "remark: " : "")\(message)" }
}

/// A line of a file.
package struct FilePlace: Sendable, Hashable, CustomStringConvertible {
    package let file: String
    /// Starts at 1; 0 for the whole file.
    package let line: Int

    package init(file: String, line: Int) { (self.file, self.line) = (file, line) }

    package var description: String { line > 0 ? "\(file):\(line)" : file }
}
