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
    var storageFault: String? { message.flatMap { $0.hasPrefix("etcdserver: ") ? $0 : nil } }

    func hasCause(_ reason: String) -> Bool {
        details?.causes?.contains { $0.reason == reason } ?? false
    }
}
