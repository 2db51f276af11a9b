/// Why a request to the Kubernetes API failed. The text is a sentence for an operator. What a server says of a
/// request is in it without the values that were sent, as `Redactor` finds them, see `init(_:response:)`.
package struct KubeError: Error, Sendable, Equatable, CustomStringConvertible {
    package let operation: Operation
    package private(set) var kind: Kind
    /// What the server says, for those kinds that have no message of their own.
    package private(set) var message: String?

    package init(_ operation: Operation, _ kind: Kind, message: String? = nil) {
        self.operation = operation
        self.kind = kind
        self.message = message
    }

    /// The same error, with what the server says as `redactor` leaves it.
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
        // Where it cannot be compared it is still no more than a word, and the server's own.
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
        /// 404: no such object, or no such resource.
        case notFound(message: String)
        /// 409 to a create.
        case alreadyExists(message: String)
        /// 409: changed since the resource version (or uid) of the request.
        case conflict(message: String)
        /// 403: the role does not allow it, or an admission plugin refused it.
        case forbidden(message: String)
        /// 403 to a create: the namespace is being deleted.
        case namespaceTerminating
        /// 410, or a resource version from the future: the list has to be taken anew.
        case expired
        /// 401, also after the credentials were read anew.
        case unauthorized
        case tooManyRequests(retryAfter: Duration?)
        /// 400 or 422, or a webhook or policy denied it with any other code: the fields that are wrong, each with the reason,
        /// `data[a]: FieldValueInvalid`.
        case invalid(status: Int, fields: [String])
        /// 5xx.
        case server(status: Int, reason: String?, retryAfter: Duration?)
        /// Any other answer.
        case unexpected(status: Int, reason: String?)
        case transport(TransportFailure)
        /// The answer is not what was asked for; says where, not what.
        case decoding(String)
    }

    /// Whether the same request may succeed later with nothing changed by us.
    package var isRetryable: Bool {
        switch kind {
        case .tooManyRequests, .server: true
        case .transport(let failure): failure.isRetryable
        case .notFound, .alreadyExists, .conflict, .forbidden, .namespaceTerminating, .expired, .unauthorized,
            .invalid, .unexpected, .decoding:
            false
        }
    }

    /// Whether the request may have failed because of one of the objects that it lists: the server answers, but cannot
    /// decrypt or decode one, or we cannot tell where one ends. A list then fails as a whole.
    package var mayConcernOneObject: Bool {
        guard operation.verb == .list else { return false }
        return switch kind {
        case .server(status: 500, _, _): message?.hasPrefix("etcdserver: ") != true
        case .decoding, .transport(.tooLarge): true
        default: false
        }
    }

    /// Whether it was a write that may have been carried out, or still may be: its object has to be looked at before it is
    /// repeated.
    package var isOutcomeUnknown: Bool {
        guard [.create, .patch, .delete].contains(operation.verb) else { return false }
        return switch kind {
        case .transport(let failure): failure.mayHaveArrived
        // The answer was a success.
        case .decoding: true
        // The server gave up waiting for etcd, or a proxy for the server. A webhook is asked before anything is stored.
        case .server: message.map { !AdmissionFrame.isFailure($0) } ?? true
        case .notFound, .alreadyExists, .conflict, .forbidden, .namespaceTerminating, .expired, .unauthorized,
            .tooManyRequests, .invalid, .unexpected:
            false
        }
    }

    /// How long the server asked to wait; a minute at most, see `Response`.
    package var retryAfter: Duration? {
        switch kind {
        case .tooManyRequests(let delay), .server(_, _, let delay): delay
        default: nil
        }
    }

    package var description: String {
        guard let message else { return "cannot \(operation): \(kind.text)" }
        if case .invalid(let status, _) = kind {
            return "cannot \(operation): the API server refuses it (status \(status)): \(message)"
        }
        return "cannot \(operation): \(kind.text): \(message)"
    }
}

extension KubeError.Kind {
    fileprivate var text: String {
        switch self {
        case .notFound(let message): "not found: \(message)"
        case .alreadyExists(let message): "it exists already: \(message)"
        case .conflict(let message): "it was changed meanwhile: \(message)"
        case .forbidden(let message): "the API server forbids it: \(message)"
        case .namespaceTerminating: "its namespace is being deleted"
        case .expired: "the resource version has expired"
        case .unauthorized: "the API server does not accept the credentials (status 401)"
        case .tooManyRequests: "the API server asks to slow down (status 429)"
        case .invalid(let status, []): "the API server calls it invalid (status \(status))"
        case .invalid(let status, let fields):
            "the API server calls it invalid (status \(status)): \(fields.joined(separator: ", "))"
        case .server(let status, let reason, _): "the API server failed (status \(status)\(reason.suffix))"
        case .unexpected(let status, let reason): "unexpected answer (status \(status)\(reason.suffix))"
        case .transport(let failure): failure.description
        case .decoding(let place): "the answer cannot be understood: \(place)"
        }
    }
}

extension String? {
    fileprivate var suffix: String { map { ", \($0)" } ?? "" }
}
