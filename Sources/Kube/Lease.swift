package import JSON
package import Observability

/// A `coordination.k8s.io/v1` Lease: who leads, in the fields that client-go's leader election writes.
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
        /// Empty: nobody.
        package var holder = ""
        /// How long others have to wait from when they saw the last change; nil or 0: not said.
        package var durationSeconds: Int?
        package var acquireTime: Timestamp?
        package var renewTime: Timestamp?
        /// How often the holder has changed.
        package var transitions = 0

        package init() {}

        /// - Throws: also if it is no object.
        init(reading json: JSONNode) throws(JSONBytes.Failure) {
            guard json.isObject else { try json.fails("is no object") }
            holder = try json["holderIdentity"]?.asString() ?? ""
            durationSeconds = try json["leaseDurationSeconds"]?.asInt()
            acquireTime = (try json["acquireTime"]?.asString()).flatMap(Timestamp.init(rfc3339:))
            renewTime = (try json["renewTime"]?.asString()).flatMap(Timestamp.init(rfc3339:))
            transitions = try json["leaseTransitions"]?.asInt() ?? 0
        }

        /// The times are MicroTime: the API server refuses any other number of fractional digits than six.
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

        /// As a JSON merge patch, so that fields of others stay; the server refuses it if the Lease has changed since.
        package func mergePatch(resourceVersion: String) -> JSONValue {
            ["metadata": ["resourceVersion": .string(resourceVersion)], "spec": json]
        }
    }
}
