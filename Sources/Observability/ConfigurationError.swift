/// An invalid value in a kubeconfig, in a file of the pod, or in the environment.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file, or `environment`.
    package let source: String
    /// The path of the value in the file, for example `users[0].user.exec.apiVersion`, or the variable's name.
    package let field: String
    /// The invalid value; nil if there is none, or if it must not be shown.
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
        // A variable, or its flag, is named alone: which of them set it is not known here.
        return "\(source == "environment" ? "" : "\(source): ")\(field)\(found), expected \(expected)"
    }
}
