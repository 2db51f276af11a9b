import Kube
import Testing

struct KubeErrorTests {
    private let operation = Operation(.create, resource: "secrets", namespace: "web", name: "tls")

    @Test(arguments: [
        (404, #"{"reason":"NotFound","message":"m"}"#, KubeError.Kind.notFound(message: "m")),
        (409, #"{"reason":"AlreadyExists","message":"m"}"#, .alreadyExists(message: "m")),
        (409, #"{"reason":"Conflict","message":"m"}"#, .conflict(message: "m")),
        (403, #"{"reason":"Forbidden","message":"m"}"#, .forbidden(message: "m")),
        (403, #"{"message":"m","details":{"causes":[{"reason":"NamespaceTerminating"}]}}"#, .namespaceTerminating),
        (410, #"{"reason":"Expired"}"#, .expired),
        (504, #"{"details":{"causes":[{"reason":"ResourceVersionTooLarge"}]}}"#, .expired),
        (401, "{}", .unauthorized),
        (429, #"{"details":{"retryAfterSeconds":7}}"#, .tooManyRequests(retryAfter: .seconds(7))),
        (
            422,
            #"{"message":"hunter2","details":{"causes":[{"field":"data[a]","reason":"Invalid","message":"hunter2"}]}}"#,
            .invalid(status: 422, fields: ["data[a]: Invalid"])
        ),
        (400, #"{"message":"hunter2"}"#, .invalid(status: 400, fields: [])),
        (
            500, #"{"reason":"InternalError","message":"hunter2"}"#,
            .server(status: 500, reason: "InternalError", retryAfter: nil)
        ),
        (500, #"{"message":"hunter2"}"#, .server(status: 500, reason: nil, retryAfter: nil)),
        (
            500, #"{"message":"etcdserver: mvcc: database space exceeded"}"#,
            .server(status: 500, reason: "etcdserver: mvcc: database space exceeded", retryAfter: nil)
        ),
        (
            500,
            #"{"reason":"InternalError","message":"Internal error occurred: unable to transform key \"/registry/x\": y"}"#,
            .server(status: 500, reason: #"unable to transform key "/registry/x": y"#, retryAfter: nil)
        ),
        (
            500, #"{"reason":"InternalError","message":"Internal error occurred: no matching prefix found"}"#,
            .server(status: 500, reason: "no matching prefix found", retryAfter: nil)
        ),
        (
            500, #"{"reason":"InternalError","message":"Internal error occurred: hunter2: no matching prefix found"}"#,
            .server(status: 500, reason: "InternalError", retryAfter: nil)
        ),
        (503, "<html>hunter2</html>", .server(status: 503, reason: nil, retryAfter: nil)),
        (302, "", .unexpected(status: 302, reason: nil)),
        (413, #"{"reason":"RequestEntityTooLarge"}"#, .unexpected(status: 413, reason: "RequestEntityTooLarge")),
    ])
    func `an answer is classified, and what it may echo is dropped`(status: Int, body: String, kind: KubeError.Kind) {
        let error = KubeError(operation, response: Response(status: status, body: Array(body.utf8)))
        #expect(error.kind == kind)
        #expect(error.description.hasPrefix("cannot create secrets web/tls: "))
        #expect(!error.description.contains("hunter2"))
    }

    @Test func `the header says how long to wait`() {
        let response = Response(status: 503, headers: ["retry-after": "3"])
        let error = KubeError(operation, response: response)
        #expect(error.retryAfter == .seconds(3))
        #expect(error.isRetryable)
        #expect(Response(status: 503, headers: ["retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"]).retryAfter == nil)
    }

    @Test(arguments: [-1, 86_401, Int.max, Int.min])
    func `a wait that no server can mean is none`(seconds: Int) {
        let body = #"{"details":{"retryAfterSeconds":\#(seconds)}}"#
        #expect(KubeError(operation, response: Response(status: 429, body: Array(body.utf8))).retryAfter == nil)
        #expect(Response(status: 429, headers: ["retry-after": "\(seconds)"]).retryAfter == nil)
    }

    @Test func `a list that fails because of one of its objects is told from a server that is away`() {
        let list = Operation(.list, resource: "secrets")
        let server = { (status: Int, reason: String?) in
            KubeError.Kind.server(status: status, reason: reason, retryAfter: nil)
        }
        for kind in [server(500, "InternalError"), server(500, nil), .decoding("items[3]")] {
            #expect(KubeError(list, kind).mayConcernOneObject)
            #expect(!KubeError(Operation(.get, resource: "secrets"), kind).mayConcernOneObject)
        }
        let away: [KubeError.Kind] = [
            server(500, "etcdserver: request timed out"), server(503, nil), server(504, nil), .expired,
            .forbidden(message: "m"), .tooManyRequests(retryAfter: nil), .transport(.timeout(reason: "r")),
        ]
        for kind in away { #expect(!KubeError(list, kind).mayConcernOneObject) }
    }

    @Test func `only what may pass by itself is retried`() {
        let kinds: [(KubeError.Kind, Bool)] = [
            (.transport(.broken(reason: "r")), true), (.transport(.timeout(reason: "r")), true),
            (.transport(.tls(reason: "r")), false), (.transport(.cancelled), false),
            (.tooManyRequests(retryAfter: nil), true), (.conflict(message: "m"), false), (.expired, false),
        ]
        for (kind, expected) in kinds { #expect(KubeError(operation, kind).isRetryable == expected) }
    }

    @Test func `what cannot be decoded is named by its place`() {
        do throws(JSONBytes.Failure) {
            let json =
                #"{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"hunter2"}},{"metadata":{"name":5}}]}"#
            _ = try JSONBytes.decode(ListPage<MetadataOnly>.self, from: Array(json.utf8))
            Issue.record("decoded")
        } catch {
            #expect(error.description == ".items[1].metadata.name is no String")
        }
    }
}
