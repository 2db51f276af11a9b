import Observability
import TestSupport

/// What the server saw of the program, from a moment until it sent no more requests.
struct RequestTrace: Sendable {
    let start: Timestamp
    /// In the order in which their responses were complete.
    let requests: [APIServer.Served]

    var secretWrites: [APIServer.Served] { requests.filter(\.isSecretWrite) }

    /// Seconds until the last Secret was written.
    var lastSecret: Double { seconds(to: secretWrites.last) }
    /// Seconds until the last response: statuses and Events follow the Secrets.
    var lastAnswer: Double { seconds(to: requests.last) }

    /// The number of writes of each Secret, by namespace and name.
    var writes: [String: Int] {
        secretWrites.reduce(into: [:]) { counts, request in
            counts["\(request.objectRef?.namespace ?? "")/\(request.objectRef?.name ?? "")", default: 0] += 1
        }
    }

    private func seconds(to request: APIServer.Served?) -> Double {
        request?.answered.map { start.duration(to: $0) / .seconds(1) } ?? 0
    }
}

extension AuditTail {
    /// Waits until the agent has written this many Secrets and then sends no more requests.
    ///
    /// - Parameters:
    ///   - silence: the time without requests after which the passage is over.
    ///   - pause: the time between two reads.
    mutating func passage(
        from start: Timestamp, secrets: Int, silence: Duration = .seconds(2), pause: Duration = .milliseconds(100)
    ) async throws -> RequestTrace {
        try await wait(forSecrets: secrets, pause: pause)
        try await wait(forSilenceOf: silence)
        return RequestTrace(start: start, requests: try requests())
    }
}

extension APIServer.Served {
    /// Whether the request created, changed or deleted a Secret.
    var isSecretWrite: Bool {
        objectRef?.resource == "secrets" && (200..<300).contains(code) && !isLook
    }

    /// Whether the request is a list or a watch.
    var isListOrWatch: Bool { verb == "list" || verb == "watch" }

    private var isLook: Bool { isListOrWatch || verb == "get" }
}
