package import JSON

/// A `metav1.Status`, which the API server sends with a failure.
package struct Status: Sendable, Equatable {
    package struct Cause: Sendable, Equatable {
        package var reason: String?
        package var field: String?
    }

    package struct Details: Sendable, Equatable {
        package var causes: [Cause]?
        package var retryAfterSeconds: Int?
    }

    package var code: Int?
    package var reason: String?
    /// May quote values of the object; see `Redactor`.
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

extension Status: JSONReadable {
    /// Ignores invalid fields, because the status code of the response is enough.
    package init(reading json: JSONNode) throws(JSONBytes.Failure) {
        guard json.isObject else { try json.fails("is not an object") }
        code = json["code"]?.int
        reason = json["reason"]?.string
        message = json["message"]?.string
        details = json["details"].map { details in
            Details(
                causes: details["causes"].map { causes in
                    causes.elements.map { Cause(reason: $0["reason"]?.string, field: $0["field"]?.string) }
                },
                retryAfterSeconds: details["retryAfterSeconds"]?.int)
        }
    }
}
