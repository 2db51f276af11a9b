import JSON

extension KubeError {
    /// The error for a `response` that is not a success. Values of the request that the response quotes are removed.
    package init(_ request: Request, response: Response) {
        let error = KubeError(request.operation, response: response)
        self = error.redacted(by: Redactor(hiding: request.sentValues))
    }

    private init(_ operation: Operation, response: Response) {
        // If the body is not a Status, as with an error page of a proxy, only the status code counts.
        let status = try? JSONBytes.decode(Status.self, from: response.body)
        self.init(
            operation, code: response.status, status: status ?? Status(code: nil), retryAfter: response.retryAfter)
    }

    /// The error for the ERROR event of a watch.
    package init(_ operation: Operation, status: Status) {
        self.init(operation, code: status.code ?? 500, status: status, retryAfter: nil)
    }

    private init(_ operation: Operation, code: Int, status: Status, retryAfter: Duration?) {
        let delay = retryAfter ?? status.details?.retryAfterSeconds.flatMap(Response.delay(seconds:))
        let message = status.message ?? "status \(code)"
        let reason = status.reason.flatMap(Status.shownReason)
        let kind: Kind =
            switch code {
            // A webhook can deny a request with any status code, which the server passes on: a 404 then does not mean
            // that the object is missing, a 503 does not mean an outage, and a 429 does not ask to wait.
            case _ where code != 403 && AdmissionFrame.isRefusal(message):
                .invalid(status: code, fields: status.fields)
            case 400, 422: .invalid(status: code, fields: status.fields)
            case 401: .unauthorized
            // NamespaceLifecycle admission, v1.NamespaceTerminatingCause.
            case 403 where status.hasCause("NamespaceTerminating"): .namespaceTerminating
            case 403: .forbidden(message: message)
            case 404: .notFound(message: message)
            case 409 where status.reason == "AlreadyExists": .alreadyExists(message: message)
            case 409: .conflict(message: message)
            case 410: .expired
            // metav1.CauseTypeResourceVersionTooLarge: etcd was restored from an older backup.
            case 504 where status.hasCause("ResourceVersionTooLarge"): .expired
            case 429: .tooManyRequests(retryAfter: delay)
            case 500...: .server(status: code, reason: reason, retryAfter: delay)
            default: .unexpected(status: code, reason: reason)
            }
        self.init(operation, kind, message: kind.hasMessage ? nil : status.message)
    }
}

// A webhook can put any text into these fields, including the values of the request.
extension Status {
    /// The text if it has the form of a `metav1.StatusReason` or `CauseType`, otherwise nil.
    fileprivate static func shownReason(_ text: String) -> String? {
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy(isLetter) ? text : nil
    }

    private static func shownField(_ text: String) -> String? {
        // The key of a Secret has up to 253 bytes.
        guard (1...300).contains(text.utf8.count) else { return nil }
        let isPath = text.utf8.allSatisfy {
            isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || ".[]\"/_-".utf8.contains($0)
        }
        return isPath ? text : nil
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    fileprivate var fields: [String] {
        let causes = (details?.causes ?? []).lazy.filter { $0.field != nil }.prefix(8)
        return causes.map {
            "\($0.field.flatMap(Status.shownField) ?? "?"): \($0.reason.flatMap(Status.shownReason) ?? "?")"
        }
    }
}

extension KubeError.Kind {
    /// Whether the text of the kind already includes the server's message, or makes it unnecessary.
    fileprivate var hasMessage: Bool {
        switch self {
        case .invalid, .server, .unexpected, .tooManyRequests: false
        case .notFound, .alreadyExists, .conflict, .forbidden, .namespaceTerminating, .expired, .unauthorized,
            .transport, .decoding:
            true
        }
    }
}

extension Request {
    /// The values of the Secret in the body; empty for other resources, which hold no secret values. Nil if the values
    /// are not known: a request that only names a Secret does not contain them, but the server knows them.
    fileprivate var sentValues: [[UInt8]]? {
        guard operation.resource == Resource.secrets.plural, method != .get else { return [] }
        guard method != .delete, let body = try? JSONValue(json: body) else { return nil }
        let data = (body["data"]?.object ?? [:]).values.compactMap(\.string)
        let texts = (body["stringData"]?.object ?? [:]).values.compactMap(\.string)
        return data.map { Base64.decode($0) ?? Array($0.utf8) } + texts.map { Array($0.utf8) }
    }
}
