import Observability

/// A request to the Kubernetes API as a value, without connection or credentials.
package struct Request: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
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
    /// Percent-encoded, with a leading slash.
    package var path: String
    package var query: [QueryItem]
    package var body: [UInt8]
    package var contentType: String?
    package var accept = "application/json"
    /// The maximum size of the response body in bytes, after decompression.
    package var maximumBody = Self.largestObject
    /// The size of the object in bytes before the request, if it is known and large; otherwise 0.
    package var expectedResponseSize = 0
    /// The maximum duration of one attempt. For a watch, a little more than the time for which the server was asked to
    /// serve it.
    ///
    /// A write may take longer than the request timeout of the API server (`--request-timeout`, 60 s), which includes
    /// all webhooks. With a shorter limit, a slow write would never finish. A dead connection is detected earlier; see
    /// `KubeCurl.IdleTracker`.
    package var timeout: Duration
    /// When the request must be finished, including all attempts. No attempt starts after it. Nil for no deadline.
    package var deadline: ContinuousClock.Instant?
    /// When the request must have been sent. It is not sent after that. Nil for no deadline.
    package var startDeadline: ContinuousClock.Instant?
    /// Whether it is sent on another connection if its own has no free stream, so that it does not wait for other
    /// requests.
    package var isUrgent = false
    /// Whether it may be repeated even if the first attempt may have been performed, as for reads and dry runs. Before
    /// any other write is repeated, the object must be read.
    package var isRepeatable: Bool
    /// Whether it is never repeated, not even if the server was not reached: the failure itself is the answer.
    package var isAttemptedOnce = false

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

    /// A copy with this `expectedResponseSize`, in bytes; 0 if the size is not known.
    package func expecting(responseSize: Int) -> Request {
        var request = self
        request.expectedResponseSize = responseSize
        return request
    }

    /// The maximum size of one object as JSON, in bytes. etcd accepts 1.5 MiB in one request (`--max-request-bytes`),
    /// and Go escapes `<`, `>`, `&`, control characters and invalid UTF-8 as six bytes: 9 MiB. The rest is for the
    /// surrounding JSON.
    package static let largestObject = 10 << 20

    /// The maximum size of one Secret as JSON, in bytes: 1 MiB of data, which is 4/3 MiB in base64; 256 KiB of
    /// annotations, which is 3/2 MiB if Go escapes each byte as six; and 1/4 MiB that etcd's limit leaves for names of
    /// keys, labels and `managedFields`, which need no escapes. A larger Secret is possible only with a type or an
    /// owner name that consists of escaped characters.
    package static let largestSecret = 13 << 18

    /// The maximum size of one page of a list as JSON, in bytes; see `ListPager`.
    package static let largestPage = 16 << 20

    /// The path and the query, percent-encoded.
    package var target: String {
        guard !query.isEmpty else { return path }
        let items = query.map { PercentEncoding.encode($0.name) + "=" + PercentEncoding.encode($0.value) }
        return path + "?" + items.joined(separator: "&")
    }

    /// Does not include the body, which may hold secrets.
    package var description: String { "\(method.rawValue) \(target)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The response to a `Request`.
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

    /// How long the server asks to wait. A date (RFC 9110, 10.2.3) is ignored: the API server sends seconds.
    package var retryAfter: Duration? {
        headers["retry-after"].flatMap { Int($0) }.flatMap(Self.delay(seconds:))
    }

    /// At most a minute, because the number may come from a webhook or a proxy, and a watch that waits for a day sees
    /// nothing. Nil for a negative delay.
    static func delay(seconds: Int) -> Duration? { seconds < 0 ? nil : .seconds(min(seconds, 60)) }

    /// Does not include the body, which may hold secrets.
    package var description: String { "status \(status), \(body.count) bytes" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
