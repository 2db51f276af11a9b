/// One request to the Kubernetes API, as a value: no connection, no credentials.
package struct Request: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    package struct QueryItem: Sendable, Equatable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package var method: Method
    package var operation: Operation
    /// Percent-encoded, with its leading slash.
    package var path: String
    package var query: [QueryItem]
    package var body: [UInt8]
    package var contentType: String?
    package var accept = "application/json"
    /// Bytes that the body of the answer may have; of one that is compressed, when it is not any more.
    package var maximumBody = Self.largestObject
    /// Bytes of the object before the request, where that is large and known.
    package var answerSize = 0
    /// How long it may take from when it is sent; for a watch a little longer than the server was asked to serve it.
    ///
    /// A write has longer than the API server takes for one (`--request-timeout`, 60 s), with all the webhooks that it asks
    /// meanwhile: given up earlier, a write that is slow would never be done. That its connection is dead shows earlier, see
    /// `KubeCurl.IdleTracker`.
    package var timeout: Duration
    /// When it must be over, however often it is repeated; after that it is not begun. Nil: at no certain time.
    package var deadline: ContinuousClock.Instant?
    /// When it must have been sent; after that it is not. Nil: at no certain time.
    package var startDeadline: ContinuousClock.Instant?
    /// Whether it is sent even where its connection is full, on another one: it must not stand behind others.
    package var isUrgent = false
    /// Whether it may be repeated although the first one may have been carried out: a read, or a write that is only tried.
    /// Whoever repeats a write looks first at what became of it.
    package var isRepeatable: Bool

    package init(
        _ method: Method, _ operation: Operation, path: String, query: [QueryItem] = [], body: [UInt8] = [],
        contentType: String? = nil, isRepeatable: Bool
    ) {
        self.method = method
        timeout = method == .get ? .seconds(30) : .seconds(70)
        self.operation = operation
        self.path = path
        self.query = query
        self.body = body
        self.contentType = contentType
        self.isRepeatable = isRepeatable
    }

    /// Bytes of JSON that one object can have. etcd takes 1.5 MiB in one request (`--max-request-bytes`), and Go escapes
    /// `<`, `>`, `&`, control characters and what is no UTF-8 as six bytes: 9 MiB. The rest is for what is around it.
    package static let largestObject = 10 << 20

    /// Bytes of JSON that one Secret can have whose data a program can use: 1 MiB of data, 4/3 MiB in base64; 256 KiB of
    /// annotations, each byte of which Go may escape as six, 3/2 MiB; and 1/4 MiB that etcd's limit leaves for names of
    /// keys, labels and `managedFields`, which need no escapes. Only what nobody needs makes one larger: a type or the name
    /// of an owner that consists of escapes.
    package static let largestSecret = 13 << 18

    /// Bytes of JSON that one page of a list may have, see `ListPager`.
    package static let largestPage = 16 << 20

    /// The path and the query, percent-encoded.
    package var target: String {
        guard !query.isEmpty else { return path }
        let items = query.map { PercentEncoding.encode($0.name) + "=" + PercentEncoding.encode($0.value) }
        return path + "?" + items.joined(separator: "&")
    }

    /// Without the body, which may hold secrets.
    package var description: String { "\(method.rawValue) \(target)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The answer to a `Request`.
package struct Response: Sendable, CustomStringConvertible, CustomReflectable {
    package let status: Int
    /// By name in lower case.
    package let headers: [String: String]
    package let body: [UInt8]

    package init(status: Int, headers: [String: String] = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package var isSuccess: Bool { (200..<300).contains(status) }

    /// How long the server asks to wait. The form with a date (RFC 9110, 10.2.3) is taken as no answer: the API
    /// server sends seconds.
    package var retryAfter: Duration? {
        headers["retry-after"].flatMap { Int($0) }.flatMap(Self.delay(seconds:))
    }

    /// At most a minute: the number may be a webhook's or a proxy's, and whoever waits for a day is no longer watching.
    /// A negative one is taken as no answer.
    static func delay(seconds: Int) -> Duration? { seconds < 0 ? nil : .seconds(min(seconds, 60)) }

    /// Without the body, which may hold secrets.
    package var description: String { "status \(status), \(body.count) bytes" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
