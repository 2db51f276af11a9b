import CCurl
import Glibc
import Kube
import Synchronization

/// One request on its way through libcurl.
///
/// Made by the caller, then owned by the curl thread: all but `isCancelled` and the buffer is touched by that thread only,
/// from `start` on.
final class Transfer: GrowingAnswer, @unchecked Sendable {
    // Sendable: see above; it is handed over by `CurlLoop`'s mailbox.
    typealias Outcome = Result<Response, TransportFailure>

    let isCancelled = Atomic(false)
    /// Where the body goes if the answer is a success; nil: into the `Response`.
    let stream: ChunkBuffer?

    /// How long it may take from when it is started.
    private(set) var timeout: Duration
    private(set) var startedAt = ContinuousClock.now

    var isUrgent: Bool { request.isUrgent }
    var isWrite: Bool { request.method != .get }

    private let request: Request
    private let endpoint: Endpoint
    /// Called once: with the answer, or for a stream with its head.
    private var reply: (@Sendable (Outcome) -> Void)?

    private(set) var easy: UnsafeMutableRawPointer?
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var connectList: UnsafeMutablePointer<curl_slist>?
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    private var counters: TransferCounters?
    private var budget: AnswerBudget?
    private var idle: IdleTracker?
    /// Set for a probe: the transfer whose connection it tries.
    private weak var probed: Transfer?
    private var status = 0
    private var headers: [String: String] = [:]
    private var body: [UInt8] = []
    private var isTooLarge = false
    private var isGivenUp = false

    var size: Int { body.count }

    init(
        _ request: Request, to endpoint: Endpoint, stream: ChunkBuffer? = nil,
        reply: @escaping @Sendable (Outcome) -> Void
    ) {
        self.request = request
        timeout = request.timeout
        self.endpoint = endpoint
        self.stream = stream
        self.reply = reply
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        release()
        errorText.deallocate()
    }

    /// Makes the easy handle; on failure the transfer is finished.
    ///
    /// - Parameter sharesConnections: by HTTP/2 where the server speaks it, with other transfers; else by HTTP/1.1 on one that
    ///   nobody else uses.
    func start(
        _ counters: TransferCounters, _ idle: IdleTracker, _ budget: AnswerBudget, sharesConnections: Bool
    ) -> UnsafeMutableRawPointer? {
        self.counters = counters
        self.budget = request.isList ? nil : budget
        self.idle = idle
        startedAt = .now
        if let deadline = request.startDeadline, deadline <= .now {
            finish(.timeout(reason: "the time for it was over before it was sent"))
            return nil
        }
        if let deadline = request.deadline {
            // Here, on the last thread before the wire: whatever has held the request up since is counted.
            let left = ContinuousClock.now.duration(to: deadline)
            guard left >= .milliseconds(1) else {
                finish(.timeout(reason: "the time for it was over before it was sent"))
                return nil
            }
            timeout = min(timeout, left)
        }
        var options = CurlOptions()
        easy = options.easy
        options.setAddress(endpoint, target: request.target, connectTo: &connectList)
        options.setCredentials(endpoint)
        options.setMethod(request.method.rawValue, body: request.body)
        options.setHeaders(request, token: endpoint.token, list: &headerList)
        options.setRoom(for: request)
        options.setLimits(timeout: timeout)
        options.setConnection(isShared: sharesConnections)
        options.setReceiver(Unmanaged.passUnretained(self).toOpaque(), errorText: errorText)
        if let failure = options.failure {
            finish(failure)
            return nil
        }
        return easy
    }

    /// A request of the same server that any server answers at once: on the same connection, if that takes more than one
    /// request at once, else on another, where it shows nothing about this one.
    func probe(within timeout: Duration) -> Transfer {
        var request = Request.get(path: "/version")
        request.timeout = timeout
        request.isUrgent = true
        let probe = Transfer(request, to: endpoint) { _ in }
        probe.probed = self
        return probe
    }

    /// The own port of its connection, which no other connection to the same server has; nil until it is connected.
    var localPort: Int? {
        guard let easy else { return nil }
        var port = 0
        curl_get_long(easy, CURLINFO_LOCAL_PORT, &port)
        return port > 0 ? port : nil
    }

    /// Something has come.
    private func endSilence() {
        if let probed, probed.localPort != localPort { return }
        idle?.end(at: .now)
    }

    /// - Parameter code: as libcurl's message says.
    func complete(_ code: CURLcode) {
        if isGivenUp, let budget { return finish(.crowded(limit: budget.limit)) }
        guard code == CURLE_OK else {
            let failure =
                isTooLarge
                ? TransportFailure.tooLarge(limit: request.maximumBody)
                : TransportFailure(code, easy: easy, text: String(cString: errorText))
            return finish(failure)
        }
        finish(nil)
    }

    /// Tells the caller how it ended and lets go of everything; does nothing the second time.
    func finish(_ failure: TransportFailure?) {
        if let failure {
            answer(.failure(failure))
        } else {
            answer(.success(Response(status: status, headers: headers, body: body)))
        }
        body = []
        budget?.end(self)
        stream?.finish(failure)
        release()
    }

    func giveUp() {
        isGivenUp = true
        body = []
    }

    private func answer(_ outcome: Outcome) {
        reply?(outcome)
        reply = nil
    }

    private func release() {
        if let easy { curl_easy_cleanup(easy) }
        easy = nil
        curl_slist_free_all(headerList)
        headerList = nil
        curl_slist_free_all(connectList)
        connectList = nil
    }
}

extension Transfer {
    private static let wantedHeaders: Set<String> = ["content-type", "retry-after"]

    /// One line of the head of an answer, with its line end.
    func receive(header line: UnsafeRawBufferPointer) {
        endSilence()
        if line.starts(with: "HTTP/".utf8) {
            // Also after an interim answer (1xx).
            headers = [:]
        } else if line.allSatisfy({ $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }) {
            var code = 0
            guard let easy else { return }
            curl_get_long(easy, CURLINFO_RESPONSE_CODE, &code)
            status = code
            guard status >= 200 else { return }
            counters?.count(easy)
            if stream != nil, (200..<300).contains(status) {
                answer(.success(Response(status: status, headers: headers)))
            }
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
            guard Self.wantedHeaders.contains(name) else { return }
            let value = String(decoding: line[(colon + 1)...], as: UTF8.self)
            let start = value.firstIndex { !$0.isWhitespace } ?? value.endIndex
            let end = value.lastIndex { !$0.isWhitespace }.map { value.index(after: $0) } ?? start
            headers[name] = String(value[start..<end])
        }
    }

    /// - Returns: what becomes of the chunk; `ended` to end the transfer.
    func receive(body chunk: UnsafeRawBufferPointer) -> ChunkBuffer.Reception {
        endSilence()
        if let stream, (200..<300).contains(status) { return stream.append(chunk) }
        guard body.count + chunk.count <= request.maximumBody else {
            isTooLarge = true
            return .ended
        }
        guard !isGivenUp else { return .ended }
        body += chunk
        budget?.grew(self)
        return isGivenUp ? .ended : .taken
    }
}
