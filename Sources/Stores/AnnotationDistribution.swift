import Distribution
import JSON
import Kees

/// The distribution that the annotations of a pod describe. All of them together describe one target.
///
/// The downward API provides neither the name nor the namespace of the pod in the same file, so all names are fixed.
enum AnnotationDistribution {
    /// The namespace is that of a distribution without a namespace in local mode.
    static let key = ObjectKey(namespace: "default", name: "annotations")
    /// The name of the Secret.
    static let secret = "secrets"

    /// - Parameter managedBy: the instance that it is assigned to.
    /// - Returns: nil if no annotation asks for a value. Annotations that cannot be used are problems of the distribution,
    ///   so that its whole target is held back.
    static func make(_ annotations: KeesAnnotations, managedBy: String) -> SecretsDistribution? {
        guard !annotations.parameters.isEmpty || !annotations.faults.isEmpty else { return nil }
        var faults = annotations.faults.map { ($0.annotation, $0.message) }
        var entries: [(annotation: String, json: JSONValue)] = []
        for parameter in annotations.parameters {
            do throws(KeesError) {
                let to = JSONValue.string(parameter.name)
                switch try parameter.value(in: annotations.mode) {
                case .file(let file):
                    entries.append((parameter.annotation, ["from": .string(file), "to": to]))
                case .text(let text):
                    entries.append((parameter.annotation, ["value": .string(text), "to": to]))
                }
            } catch {
                faults.append((parameter.annotation, error.description))
            }
        }
        let manifest: JSONValue = [
            "apiVersion": .string(WellKnownKeys.apiVersion), "kind": .string(WellKnownKeys.kind),
            "metadata": ["name": .string(key.name), "namespace": .string(key.namespace)],
            "spec": ["name": .string(secret), "secrets": .array(entries.map(\.json))],
        ]
        guard var distribution = try? JSONBytes.decode(SecretsDistribution.self, from: manifest.encoded()) else {
            return nil
        }
        var problems = Problems()
        for (annotation, message) in faults { problems.append(Problem([.key(annotation)], message)) }
        for problem in distribution.problems {
            // An empty list is not what is wrong if no annotation can be used.
            if entries.isEmpty, !faults.isEmpty { break }
            problems.append(problem.renamed { entries.indices.contains($0) ? entries[$0].annotation : nil })
        }
        distribution.problems = problems
        // There is no server that assigns a uid.
        distribution.uid = key.description
        distribution.assignedTo = managedBy
        return distribution
    }
}

extension Problem {
    /// A problem of a mapping as one of its annotation.
    fileprivate func renamed(_ annotation: (Int) -> String?) -> Problem {
        guard path.count > 2, path[1] == .key("secrets"), case .index(let index) = path[2],
            let name = annotation(index)
        else { return self }
        return Problem([.key(name)], message, severity: severity, reason: reason)
    }
}
