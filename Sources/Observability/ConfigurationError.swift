/// A value in a kubeconfig, or in a pod's surroundings, that cannot be used.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file, or `environment`.
    package let source: String
    /// As a path in the file, `users[0].user.exec.apiVersion`, or a variable.
    package let field: String
    /// What stands there; nil if nothing, or if it must not be shown.
    package let value: String?
    package let expected: String

    package init(source: String, field: String, value: String? = nil, expected: String) {
        self.source = source
        self.field = field
        self.value = value
        self.expected = expected
    }

    package var description: String {
        let found = value.map { " is \"\($0)\"" } ?? ""
        return "\(source): \(field)\(found), expected \(expected)"
    }
}
