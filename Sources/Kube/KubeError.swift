/// Why a request to the Kubernetes API failed. The description is a sentence for an operator. It includes the server's
/// message without the values that were sent; see `init(_:response:)` and `Redactor`.
package struct KubeError: Error, Sendable, Equatable, CustomStringConvertible {
    package let operation: Operation
    package private(set) var kind: Kind
    /// The server's message, for kinds without a message of their own.
    package private(set) var message: String?

    package init(_ operation: Operation, _ kind: Kind, message: String? = nil) {
        self.operation = operation
        self.kind = kind
        self.message = message
    }

    /// The same error, with the server's message redacted by `redactor`.
    package func redacted(by redactor: Redactor) -> KubeError {
        var error = self
        error.message = message.map(redactor.redact)
        switch kind {
        case .notFound(let message): error.kind = .notFound(message: redactor.redact(message))
        case .alreadyExists(let message): error.kind = .alreadyExists(message: redactor.redact(message))
        case .conflict(let message): error.kind = .conflict(message: redactor.redact(message))
        case .forbidden(let message): error.kind = .forbidden(message: redactor.redact(message))
        case .invalid(let status, let fields):
            error.kind = .invalid(status: status, fields: fields.compactMap(redactor.redactAll))
        // If it cannot be compared with the values, it is kept: it is a single word, and the server chose it.
        case .server(let status, let reason, let delay):
            error.kind = .server(
                status: status, reason: reason.map { redactor.redactAll($0) ?? $0 }, retryAfter: delay)
        case .unexpected(let status, let reason):
            error.kind = .unexpected(status: status, reason: reason.map { redactor.redactAll($0) ?? $0 })
        case .namespaceTerminating, .expired, .unauthorized, .tooManyRequests, .transport, .decoding: break
        }
        return error
    }

    package enum Kind: Sendable, Equatable {
        /// 404: the object or the resource does not exist.
        case notFound(message: String)
        /// 409 for a create.
        case alreadyExists(message: String)
        /// 409: the object no longer has the resource version or uid of the request.
        case conflict(message: String)
        /// 403: the role does not allow it, or an admission plugin rejected it.
        case forbidden(message: String)
        /// 403 for a create: the namespace is being deleted.
        case namespaceTerminating
        /// 410, or a resource version from the future: the objects must be listed again.
        case expired
        /// 401, also after the credentials were reloaded.
        case unauthorized
        case tooManyRequests(retryAfter: Duration?)
        /// 400 or 422, or a denial by a webhook or policy with any code except 403. `fields` are the invalid fields with
        /// their reasons: `data[a]: FieldValueInvalid`.
        case invalid(status: Int, fields: [String])
        /// 5xx.
        case server(status: Int, reason: String?, retryAfter: Duration?)
        /// Any other status.
        case unexpected(status: Int, reason: String?)
        case transport(TransportFailure)
        /// The response cannot be decoded. The text names the place, never the content.
        case decoding(String)
    }

    /// Whether the same request may succeed later without a change on our side.
    package var isRetryable: Bool {
        switch kind {
        case .tooManyRequests, .server: true
        case .transport(let failure): failure.isRetryable
        case .notFound, .alreadyExists, .conflict, .forbidden, .namespaceTerminating, .expired, .unauthorized,
            .invalid, .unexpected, .decoding:
            false
        }
    }

    /// Whether a list may have failed because of one of its objects: the server cannot decrypt or decode one, or the
    /// response cannot be split into objects or is too large. The whole list fails then.
    package var mayConcernOneObject: Bool {
        guard operation.verb == .list else { return false }
        return switch kind {
        case .server(status: 500, _, _): message?.hasPrefix("etcdserver: ") != true
        case .decoding, .transport(.tooLarge): true
        default: false
        }
    }

    /// Whether the request was a write that may have been performed, or may still be. The object must be read before
    /// the write is repeated.
    package var isOutcomeUnknown: Bool {
        guard [.create, .update, .patch, .delete].contains(operation.verb) else { return false }
        return switch kind {
        case .transport(let failure): failure.mayHaveArrived
        // The response was a success.
        case .decoding: true
        // The server timed out waiting for etcd, or a proxy for the server. Webhooks are called before anything is
        // stored.
        case .server: message.map { !AdmissionFrame.isFailure($0) } ?? true
        case .notFound, .alreadyExists, .conflict, .forbidden, .namespaceTerminating, .expired, .unauthorized,
            .tooManyRequests, .invalid, .unexpected:
            false
        }
    }

    /// Whether the role does not allow the request, or an admission plugin of the server rejected it; false if a webhook or
    /// policy did.
    package var mayLackPermission: Bool {
        if case .forbidden(let message) = kind { !AdmissionFrame.isRefusal(message) } else { false }
    }

    /// How long the server asks to wait before the next attempt, at most a minute.
    package var retryAfter: Duration? {
        switch kind {
        case .tooManyRequests(let delay), .server(_, _, let delay): delay
        default: nil
        }
    }

    package var description: String {
        guard let message else { return "cannot \(operation): \(kind.text)" }
        if case .invalid(let status, _) = kind {
            return "cannot \(operation): the API server rejects it (status \(status)): \(message)"
        }
        return "cannot \(operation): \(kind.text): \(message)"
    }
}

extension KubeError.Kind {
    fileprivate var text: String {
        switch self {
        case .notFound(let message): "not found: \(message)"
        case .alreadyExists(let message): "it already exists: \(message)"
        case .conflict(let message): "it was changed by another writer: \(message)"
        case .forbidden(let message): "the API server forbids it: \(message)"
        case .namespaceTerminating: "its namespace is being deleted"
        case .expired: "the resource version has expired"
        case .unauthorized: "the API server does not accept the credentials (status 401)"
        case .tooManyRequests: "the API server asks to slow down (status 429)"
        case .invalid(let status, []): "the API server rejects it as invalid (status \(status))"
        case .invalid(let status, let fields):
            "the API server rejects it as invalid (status \(status)): \(fields.joined(separator: ", "))"
        case .server(let status, let reason, _): "the API server failed (status \(status)\(reason.suffix))"
        case .unexpected(let status, let reason): "unexpected response (status \(status)\(reason.suffix))"
        case .transport(let failure): failure.description
        case .decoding(let place): "the response cannot be decoded: \(place)"
        }
    }
}

extension String? {
    fileprivate var suffix: String { map { ", \($0)" } ?? "" }
}
