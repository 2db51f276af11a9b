package import Observability

/// A `coordination.k8s.io/v1` Lease: who leads, in the fields that client-go's leader election writes.
package struct Lease: KubeObject, Decodable, Equatable {
    package var metadata: ObjectMeta
    package var spec: Spec

    package init(metadata: ObjectMeta, spec: Spec) {
        self.metadata = metadata
        self.spec = spec
    }

    private enum CodingKeys: CodingKey {
        case metadata, spec
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        metadata = try container.decode(ObjectMeta.self, forKey: .metadata)
        spec = try container.decodeIfPresent(Spec.self, forKey: .spec) ?? Spec()
    }

    package struct Spec: Sendable, Equatable, Decodable {
        /// Empty: nobody.
        package var holder = ""
        /// How long others have to wait from when they saw the last change; nil or 0: not said.
        package var durationSeconds: Int?
        package var acquireTime: Timestamp?
        package var renewTime: Timestamp?
        /// How often the holder has changed.
        package var transitions = 0

        package init() {}

        private enum CodingKeys: String, CodingKey {
            case holder = "holderIdentity"
            case durationSeconds = "leaseDurationSeconds"
            case transitions = "leaseTransitions"
            case acquireTime, renewTime
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            holder = try container.decodeIfPresent(String.self, forKey: .holder) ?? ""
            durationSeconds = try container.decodeIfPresent(Int.self, forKey: .durationSeconds)
            let time = { (key: CodingKeys) in
                try container.decodeIfPresent(String.self, forKey: key).flatMap { Timestamp(rfc3339: $0) }
            }
            acquireTime = try time(.acquireTime)
            renewTime = try time(.renewTime)
            transitions = try container.decodeIfPresent(Int.self, forKey: .transitions) ?? 0
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
