package import JSON
package import Observability

/// A `coordination.k8s.io/v1` Lease with the fields that client-go's leader election writes.
package struct Lease: KubeObject, Equatable {
    package var metadata: ObjectMeta
    package var spec: Spec

    package init(metadata: ObjectMeta, spec: Spec) {
        self.metadata = metadata
        self.spec = spec
    }

    package init(reading json: JSONNode) throws(JSONBytes.Failure) {
        metadata = try ObjectMeta(reading: json.required("metadata"))
        spec = try json["spec"].map(Spec.init(reading:)) ?? Spec()
    }

    package struct Spec: Sendable, Equatable {
        /// Empty if nobody holds it.
        package var holder = ""
        /// How long other candidates wait after they observe the last change; nil or 0 if not set.
        package var durationSeconds: Int?
        package var acquireTime: Timestamp?
        package var renewTime: Timestamp?
        /// How often the holder has changed.
        package var transitions = 0

        package init() {}

        /// - Throws: also if it is not an object.
        init(reading json: JSONNode) throws(JSONBytes.Failure) {
            guard json.isObject else { try json.fails("is not an object") }
            holder = try json["holderIdentity"]?.asString() ?? ""
            durationSeconds = try json["leaseDurationSeconds"]?.asInt()
            acquireTime = (try json["acquireTime"]?.asString()).flatMap(Timestamp.init(rfc3339:))
            renewTime = (try json["renewTime"]?.asString()).flatMap(Timestamp.init(rfc3339:))
            transitions = try json["leaseTransitions"]?.asInt() ?? 0
        }

        /// The times are `MicroTime`: the API server requires exactly six fractional digits.
        private var json: JSONValue {
            var fields: [String: JSONValue] = [
                "holderIdentity": .string(holder), "leaseTransitions": .int(transitions),
            ]
            if let durationSeconds { fields["leaseDurationSeconds"] = .int(durationSeconds) }
            if let acquireTime { fields["acquireTime"] = .string(acquireTime.rfc3339Micro) }
            if let renewTime { fields["renewTime"] = .string(renewTime.rfc3339Micro) }
            return .object(fields)
        }

        /// The manifest of a new Lease.
        package func manifest(name: String, namespace: String) -> JSONValue {
            [
                "apiVersion": .string(Resource.leases.apiVersion), "kind": "Lease",
                "metadata": ["name": .string(name), "namespace": .string(namespace)], "spec": json,
            ]
        }

        /// A JSON merge patch, which keeps the fields of other programs. The server rejects it if the Lease has changed
        /// since `resourceVersion`.
        package func mergePatch(resourceVersion: String) -> JSONValue {
            ["metadata": ["resourceVersion": .string(resourceVersion)], "spec": json]
        }
    }
}
