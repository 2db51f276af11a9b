/// Why content does not have the expected form: the rest of a sentence after the file's name. It names the place and what
/// was expected, and contains nothing of the content except names of JSON members, shortened.
package struct FormError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
