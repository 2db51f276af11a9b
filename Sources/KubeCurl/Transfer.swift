import CCurl
import Glibc
import Kube
import Synchronization

/// One request in libcurl.
///
/// The caller creates it. From `start` on, only the curl thread uses it, except for `isCancelled` and the buffer.
final class Transfer: ReceivingBody, @unchecked Sendable {
    // Sendable: see above. The mailbox of `CurlLoop` passes it to the thread.
    typealias Outcome = Result<Response, TransportFailure>

    let isCancelled = Atomic(false)
    /// Receives the body if the response is a success. Nil to put the body into the `Response`.
    let stream: ChunkBuffer?

    /// The maximum duration after the start.
    private(set) var timeout: Duration
    private(set) var startedAt = ContinuousClock.now

    var isUrgent: Bool { request.isUrgent }
    var isWrite: Bool { request.method != .get }

    private let request: Request
    private let endpoint: Endpoint
    /// Called once: with the response, or for a stream with the response headers.
    private var reply: (@Sendable (Outcome) -> Void)?

    /// Its handle while it is in progress.
    private var handle: EasyHandle?
    private var handles: HandlePool?
    var easy: UnsafeMutableRawPointer? { handle?.easy }

    private var counters: TransferCounters?
    private var budget: ResponseBudget?
    private var idle: IdleTracker?
    /// For a probe, the transfer whose connection is probed; otherwise nil.
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
    }

    /// Prepares an easy handle. On failure, finishes the transfer and returns nil.
    func start(
        _ counters: TransferCounters, _ idle: IdleTracker, _ budget: ResponseBudget, _ handles: HandlePool
    ) -> EasyHandle? {
        self.counters = counters
        self.budget = request.isList ? nil : budget
        self.idle = idle
        startedAt = .now
        if let deadline = request.startDeadline, deadline <= .now {
            finish(.timeout(reason: "it timed out before it was sent"))
            return nil
        }
        if let deadline = request.deadline {
            // Checked here, on the last thread before the network, so that all earlier delays count.
            let left = ContinuousClock.now.duration(to: deadline)
            guard left >= .milliseconds(1) else {
                finish(.timeout(reason: "it timed out before it was sent"))
                return nil
            }
            timeout = min(timeout, left)
        }
        do throws(TransportFailure) {
            let handle = try handles.next(for: request, to: endpoint)
            try handle.prepare(request, timeout: timeout, for: Unmanaged.passUnretained(self).toOpaque())
            self.handle = handle
            self.handles = handles
            return handle
        } catch {
            finish(error)
            return nil
        }
    }

    /// A request to the same server to which every server responds at once. It uses the same connection if that
    /// supports several requests at once. Otherwise it uses another connection and shows nothing about this one.
    func probe(within timeout: Duration) -> Transfer {
        var request = Request.get(path: "/version")
        request.timeout = timeout
        request.isUrgent = true
        let probe = Transfer(request, to: endpoint) { _ in }
        probe.probed = self
        return probe
    }

    /// The local port of its connection, which no other connection to the same server has; nil until it is connected.
    var localPort: Int? {
        guard let easy else { return nil }
        var port = 0
        curl_get_long(easy, CURLINFO_LOCAL_PORT, &port)
        return port > 0 ? port : nil
    }

    /// Records that data have arrived. A probe on another connection than its transfer does not count.
    private func endSilence() {
        if let probed, probed.localPort != localPort { return }
        idle?.end(at: .now)
    }

    /// Finishes the transfer after libcurl has completed it and its handle was removed from the loop.
    ///
    /// - Parameter code: the result in libcurl's message.
    func complete(_ code: CURLcode) {
        if isGivenUp, let budget { return finish(.crowded(limit: budget.limit)) }
        guard code == CURLE_OK else {
            let failure =
                isTooLarge
                ? TransportFailure.tooLarge(limit: request.maximumBody)
                : TransportFailure(code, easy: easy, text: handle?.message ?? "")
            return finish(failure)
        }
        finish(nil)
    }

    /// Reports the outcome to the caller and releases all resources. Further calls do nothing.
    func finish(_ failure: TransportFailure?) {
        if let failure {
            answer(.failure(failure))
        } else {
            answer(.success(Response(status: status, headers: headers, body: body)))
        }
        body = []
        budget?.end(self)
        stream?.finish(failure)
        if failure == nil, let handle { handles?.keep(handle) }
        handle = nil
    }

    func giveUp() {
        isGivenUp = true
        body = []
    }

    private func answer(_ outcome: Outcome) {
        reply?(outcome)
        reply = nil
    }
}

extension Transfer {
    /// The headers that are kept, in lower case.
    private static let wantedHeaders: [StaticString] = ["content-type", "retry-after"]

    /// Receives one line of the response headers, including its line end.
    func receive(header line: UnsafeRawBufferPointer) {
        endSilence()
        if line.starts(with: "HTTP/".utf8) {
            // Also after an interim response (1xx).
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
            guard let name = Self.wantedHeaders.first(where: { $0.equalsLowercased(line[..<colon]) }) else { return }
            let value = String(decoding: line[(colon + 1)...], as: UTF8.self)
            let start = value.firstIndex { !$0.isWhitespace } ?? value.endIndex
            let end = value.lastIndex { !$0.isWhitespace }.map { value.index(after: $0) } ?? start
            headers["\(name)"] = String(value[start..<end])
        }
    }

    /// Receives a chunk of the body.
    ///
    /// - Returns: `ended` to end the transfer.
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

extension StaticString {
    /// Whether the bytes are this text, which is lower-case ASCII, in any case.
    fileprivate func equalsLowercased(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        bytes.count == utf8CodeUnitCount
            && zip(bytes, UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount)).allSatisfy { byte, letter in
                byte == letter || byte | 0x20 == letter && (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            }
    }
}
