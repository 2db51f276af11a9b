package import Distribution
import JSON
import YAML

/// Parses a file that contains one access policy.
package enum PolicyManifest {
    package struct Parsed: Sendable {
        /// Nil if there is any problem.
        package let policy: AccessPolicy?
        package let problems: [Finding]

        /// - Parameter policy: ignored if there are problems.
        package init(_ policy: AccessPolicy? = nil, problems: [Finding]) {
            self.policy = problems.isEmpty ? policy : nil
            self.problems = problems
        }
    }

    /// In bytes: the maximum size of a ConfigMap.
    package static let maximumSize = 1 << 20

    package static func parse(_ bytes: [UInt8], file: String) -> Parsed {
        guard bytes.count <= maximumSize else {
            let message = "is \(bytes.count) bytes, expected at most \(maximumSize)"
            return Parsed(problems: [Finding(file: file, line: 0, message: message)])
        }
        var problems: [Finding] = []
        var policies: [AccessPolicy] = []
        let stream = YAMLParser.parse(bytes)
        for document in stream.documents {
            guard let read = try? JSONBytes.decode(AccessPolicyDocument.self, from: document.json()) else {
                let message = "is not an object, expected a \(AccessPolicyDocument.kind)"
                problems.append(Finding(file: file, line: document.line, message: message))
                continue
            }
            problems += Manifests.findings(read.problems, in: document, file: file)
            policies.append(read.policy)
        }
        for error in stream.errors {
            problems.append(Finding(file: file, line: error.line, message: error.reason))
        }
        for document in stream.documents.dropFirst() {
            let message = "is a second document, expected one \(AccessPolicyDocument.kind) and nothing else"
            problems.append(Finding(file: file, line: document.line, message: message))
        }
        if stream.documents.isEmpty && problems.isEmpty {
            let message = "contains no document, expected a \(AccessPolicyDocument.kind)"
            problems.append(Finding(file: file, line: 0, message: message))
        }
        problems.sort { $0.line < $1.line }
        return Parsed(policies.first, problems: problems)
    }
}
