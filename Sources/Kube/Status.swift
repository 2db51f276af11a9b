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
    /// May quote values of the object: see `Redactor`.
    package var message: String?
    package var details: Details?

    package init(code: Int?, reason: String? = nil, message: String? = nil, details: Details? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
    }

    func hasCause(_ reason: String) -> Bool {
        details?.causes?.contains { $0.reason == reason } ?? false
    }
}
