package import Distribution
package import JSON
package import Kube

/// A kind of distribution, as the type of an API response.
package protocol DistributionKind: Sendable {
    static var isCluster: Bool { get }
    static var resource: Resource { get }
}

package enum NamespacedDistributions: DistributionKind {
    package static let isCluster = false
    package static let resource = Resource.secretsDistributions
}

package enum ClusterDistributions: DistributionKind {
    package static let isCluster = true
    package static let resource = Resource.clusterSecretsDistributions
}

/// A distribution decoded from an API response.
package struct DistributionObject<Kind: DistributionKind>: KubeObject {
    package let distribution: SecretsDistribution
    /// The size of its JSON in bytes.
    let size: Int

    package var metadata: ObjectMeta {
        ObjectMeta(
            name: distribution.key.name, namespace: distribution.key.namespace, uid: distribution.uid,
            resourceVersion: distribution.resourceVersion)
    }

    package init(reading json: JSONNode) throws(JSONBytes.Failure) {
        size = json.size
        distribution = try SecretsDistribution(reading: json, isCluster: Kind.isCluster)
        guard !distribution.key.name.isEmpty else { try json.fails("has no name") }
    }
}

/// A namespace decoded from an API response.
struct NamespaceObject: KubeObject {
    let namespace: Namespace

    var metadata: ObjectMeta {
        ObjectMeta(name: namespace.name, uid: namespace.uid, resourceVersion: namespace.resourceVersion)
    }

    init(reading json: JSONNode) throws(JSONBytes.Failure) { namespace = try Namespace(reading: json) }
}

extension StoredStatus {
    /// A JSON merge patch for the resource or its status subresource. The server rejects it if the resource has changed
    /// since.
    func mergePatch(of distribution: SecretsDistribution) -> JSONValue {
        var status: [String: JSONValue] = ["conditions": .array(conditions.map { JSONValue($0) })]
        if let statusText { status["statusText"] = .string(statusText) }
        if let lastUpdated { status["lastUpdated"] = .string(lastUpdated) }
        if let mountGeneration { status["mountGeneration"] = .string(mountGeneration) }
        if let observedGeneration { status["observedGeneration"] = .int(observedGeneration) }
        if !sources.isEmpty || !distribution.status.sources.isEmpty {
            status["sources"] = .array(
                sources.map { source in
                    [
                        "from": .string(source.from), "object": .string(source.object),
                        "version": .string(source.version), "generation": .string(source.generation),
                    ]
                })
        }
        if let targets {
            status["targets"] = .int(targets.all)
            status["inSync"] = .int(targets.inSync)
            status["notInSync"] = .array(
                targets.notInSync.map { problem in
                    [
                        "namespace": .string(problem.namespace), "reason": .string(problem.reason),
                        "message": .string(problem.message),
                    ]
                })
        }
        return [
            "metadata": [
                "uid": .string(distribution.uid), "resourceVersion": .string(distribution.resourceVersion),
            ],
            "status": .object(status),
        ]
    }
}

extension JSONValue {
    fileprivate init(_ condition: Condition) {
        var object: [String: JSONValue] = [
            "type": .string(condition.type), "status": .string(condition.status), "reason": .string(condition.reason),
            "message": .string(condition.message), "lastTransitionTime": .string(condition.lastTransitionTime),
        ]
        if let generation = condition.observedGeneration { object["observedGeneration"] = .int(generation) }
        self = .object(object)
    }
}
