import FoundationEssentials

extension KubeError {
    /// The failure that `response`, which is no success, stands for. What it quotes of the values that were sent is left out.
    package init(_ request: Request, response: Response) {
        let error = KubeError(request.operation, response: response)
        self = error.redacted(by: Redactor(hiding: request.sentValues))
    }

    private init(_ operation: Operation, response: Response) {
        // What is not a Status (a proxy's page) is judged by its code alone.
        let status = try? JSONBytes.decode(Status.self, from: response.body)
        self.init(
            operation, code: response.status, status: status ?? Status(code: nil), retryAfter: response.retryAfter)
    }

    /// The failure that the ERROR event of a watch carries.
    package init(_ operation: Operation, status: Status) {
        self.init(operation, code: status.code ?? 500, status: status, retryAfter: nil)
    }

    private init(_ operation: Operation, code: Int, status: Status, retryAfter: Duration?) {
        let delay = retryAfter ?? status.details?.retryAfterSeconds.flatMap(Response.delay(seconds:))
        let message = status.message ?? "status \(code)"
        let kind: Kind =
            switch code {
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
            case 500...: .server(status: code, reason: status.reason, retryAfter: delay)
            default: .unexpected(status: code, reason: status.reason)
            }
        self.init(operation, kind, message: kind.hasMessage ? nil : status.message)
    }
}

extension Status {
    fileprivate var fields: [String] {
        (details?.causes ?? []).filter { $0.field != nil }.map { "\($0.field ?? "?"): \($0.reason ?? "?")" }
    }
}

extension KubeError.Kind {
    /// Its text says all that the server's message does.
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
    /// The values of the Secret in its body; none of any other object is secret. Nil if that cannot be told: the server knows
    /// the whole Secret, also where a request names it only.
    fileprivate var sentValues: [[UInt8]]? {
        guard operation.resource == Resource.secrets.plural, method != .get else { return [] }
        guard method != .delete, let body = try? JSONValue(json: body) else { return nil }
        let data = (body["data"]?.object ?? [:]).values.compactMap(\.string)
        let texts = (body["stringData"]?.object ?? [:]).values.compactMap(\.string)
        return data.map { Array(Data(base64Encoded: $0) ?? Data($0.utf8)) } + texts.map { Array($0.utf8) }
    }
}
