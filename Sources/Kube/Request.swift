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
    /// Bytes of the object before the request, where that is large and known.
    package var answerSize = 0
    /// How long it may take from when it is sent; for a watch a little longer than the server was asked to serve it.
    package var timeout: Duration = .seconds(30)
    /// When it must be over, however often it is repeated; after that it is not begun. Nil: at no certain time.
    package var deadline: ContinuousClock.Instant?
    /// Whether it is sent even where its connection is full, on another one: it must not stand behind others.
    package var isUrgent = false
    /// Whether sending it twice does the same as sending it once, so that it may be repeated after a broken connection.
    package var isRepeatable: Bool

    package init(
        _ method: Method, _ operation: Operation, path: String, query: [QueryItem] = [], body: [UInt8] = [],
        contentType: String? = nil, isRepeatable: Bool
    ) {
        self.method = method
        self.operation = operation
        self.path = path
        self.query = query
        self.body = body
        self.contentType = contentType
        self.isRepeatable = isRepeatable
    }

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
