extension KubeError {
    /// The failure that `response`, which is no success, stands for.
    package init(_ operation: Operation, response: Response) {
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
            case 500...: .server(status: code, reason: status.storageFault ?? status.reason, retryAfter: delay)
            default: .unexpected(status: code, reason: status.reason)
            }
        self.init(operation, kind)
    }
}

extension Status {
    fileprivate var fields: [String] {
        (details?.causes ?? []).map { "\($0.field ?? "?"): \($0.reason ?? "?")" }
    }
}
