/// `metav1.Status`: how the API server explains a failure.
package struct Status: Sendable, Equatable, Decodable, JSONReadable {
    package struct Cause: Sendable, Equatable, Decodable {
        package var reason: String?
        package var field: String?
    }

    package struct Details: Sendable, Equatable, Decodable {
        package var causes: [Cause]?
        package var retryAfterSeconds: Int?
    }

    package var code: Int?
    package var reason: String?
    /// May echo values of the object when the object is invalid: `KubeError` keeps it only for 403, 404 and 409, and if
    /// it is etcd's.
    package var message: String?
    package var details: Details?

    package init(code: Int?, reason: String? = nil, message: String? = nil, details: Details? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
    }

    /// What etcd says, as "etcdserver: mvcc: database space exceeded": its errors are constants (etcd,
    /// `api/v3rpc/rpctypes`) and echo nothing of an object.
    ///
    /// Or why the API server cannot read what is stored: `unable to transform key "/registry/secrets/web/a": ` names the
    /// key in etcd and what the transformer says, and a request for one object is answered with that alone (apiserver,
    /// `storage/etcd3/store.go`, `storage/value`).
    var storageFault: String? {
        guard let message else { return nil }
        if message.hasPrefix("etcdserver: ") { return message }
        let start = "Internal error occurred: "
        guard message.hasPrefix(start) else { return nil }
        let fault = String(message.dropFirst(start.count))
        return Self.transformerFaults.contains(where: fault.hasPrefix) ? fault : nil
    }

    /// How they begin; what follows is a key's name, or constant too.
    private static let transformerFaults = [
        "unable to transform key \"", "no matching prefix found", "identity transformer tried to read encrypted data",
        "no matching key was found for the provided", "cipher: message authentication failed",
        "invalid padding on input",
    ]

    func hasCause(_ reason: String) -> Bool {
        details?.causes?.contains { $0.reason == reason } ?? false
    }
}
