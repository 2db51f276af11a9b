import JSON
import Kube
import Testing

struct KubeErrorTests {
    private let operation = Operation(.create, resource: "secrets", namespace: "web", name: "tls")
    /// A create of a Secret that holds `hunter2`.
    private let request = Request.create(
        .secrets, namespace: "web", ["metadata": ["name": "tls"], "data": ["a": "aHVudGVyMg=="]])

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
            #"{"details":{"causes":[{"field":"data[a]","reason":"Invalid","message":"hunter2"},{"message":"x"}]}}"#,
            .invalid(status: 422, fields: ["data[a]: Invalid"])
        ),
        (400, #"{"message":"it is hunter2"}"#, .invalid(status: 400, fields: [])),
        (
            500, #"{"reason":"InternalError","message":"hunter2"}"#,
            .server(status: 500, reason: "InternalError", retryAfter: nil)
        ),
        (500, #"{"message":"aHVudGVyMg=="}"#, .server(status: 500, reason: nil, retryAfter: nil)),
        (403, #"{"reason":"Forbidden","message":"hunter2 is forbidden"}"#, .forbidden(message: "… is forbidden")),
        (503, "<html>hunter2</html>", .server(status: 503, reason: nil, retryAfter: nil)),
        (302, "", .unexpected(status: 302, reason: nil)),
        (413, #"{"reason":"RequestEntityTooLarge"}"#, .unexpected(status: 413, reason: "RequestEntityTooLarge")),
    ])
    func `a response is classified, and possible quotes are dropped`(status: Int, body: String, kind: KubeError.Kind) {
        let error = KubeError(request, response: Response(status: status, body: Array(body.utf8)))
        #expect(error.kind == kind)
        #expect(error.description.hasPrefix("cannot create secrets web/tls: "))
        #expect(!error.description.contains("hunter2") && !error.description.contains("aHVudGVyMg"))
    }

    /// Messages of kube-apiserver 1.20, or of 1.36 if 1.20 has no such message.
    @Test(arguments: [
        (
            400, #"admission webhook \"check.example.com\" denied the request: no secrets on Fridays"#,
            #"the API server rejects it (status 400): admission webhook "check.example.com" denied the request: no secrets on"#
                + " Fridays"
        ),
        (
            422,
            "secrets \\\"tls\\\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: must have a team",
            "the API server rejects it (status 422): secrets \"tls\" is forbidden: ValidatingAdmissionPolicy 'p' with binding"
                + " 'b' denied request: must have a team"
        ),
        (
            500,
            #"Internal error occurred: failed calling webhook \"check.example.com\": Post \"https://h/\": connection refused"#,
            #"the API server failed (status 500): Internal error occurred: failed calling webhook "check.example.com": Post"#
                + #" "https://h/": connection refused"#
        ),
        (
            500, "etcdserver: mvcc: database space exceeded",
            "the API server failed (status 500): etcdserver: mvcc: database space exceeded"
        ),
        (413, "too large", "unexpected response (status 413): too large"),
        (429, "later", "the API server asks to slow down (status 429): later"),
    ])
    func `the error says who rejected the request and why`(status: Int, message: String, text: String) {
        let body = #"{"message":"\#(message)","details":{"causes":[{"message":"as above"}]}}"#
        let error = KubeError(request, response: Response(status: status, body: Array(body.utf8)))
        #expect(error.description == "cannot create secrets web/tls: \(text)")
        #expect(error.isOutcomeUnknown == (message.hasPrefix("etcdserver")))
    }

    /// From `ToStatusErr` in the API server: it keeps the code that the webhook chose.
    @Test(arguments: [400, 401, 404, 409, 410, 413, 422, 429, 500, 503, 504], ["AlreadyExists", "hunter2", ""])
    func `a webhook's denial is a rejection, whatever its code`(status: Int, reason: String) {
        for text in [
            #"admission webhook \"w\" denied the request: no"#,
            #"admission webhook \"w\" denied the request without explanation"#,
            #"secrets \"tls\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"#,
        ] {
            let response = Response(
                status: status,
                body: Array(
                    #"{"reason":"\#(reason)","message":"\#(text)","details":{"retryAfterSeconds":86400}}"#.utf8))
            for operation in [request, .delete(.secrets, namespace: "web", name: "tls", uid: "u")] {
                let error = KubeError(operation, response: response)
                #expect(error.kind == .invalid(status: status, fields: []))
                #expect(!error.isOutcomeUnknown && !error.isRetryable && error.retryAfter == nil)
                #expect(error.description.contains("rejects it (status \(status))"))
                #expect(!error.description.contains("hunter2"))
            }
        }
    }

    @Test(arguments: [
        ("hunter2", nil), ("no good", nil), ("", nil), (String(repeating: "a", count: 65), nil), ("Timeöut", nil),
        ("hunter", "…"), ("ServiceUnavailable", "ServiceUnavailable"),
    ])
    func `a reason is shown only if it is a single word of letters`(reason: String, shown: String?) {
        let request = Request.create(
            .secrets, namespace: "web", ["metadata": ["name": "tls"], "data": ["a": "aHVudGVy"]])
        for status in [503, 405] {
            let body = Array(#"{"reason":"\#(reason)"}"#.utf8)
            let error = KubeError(request, response: Response(status: status, body: body))
            #expect(
                error.kind
                    == (status == 503
                        ? .server(status: status, reason: shown, retryAfter: nil)
                        : .unexpected(status: status, reason: shown)))
        }
    }

    @Test(arguments: [
        ("data[tls.crt]", "FieldValueInvalid", "data[tls.crt]: FieldValueInvalid"), ("it is so", "hunter2", "?: ?"),
        ("data[hunter2]", "Invalid", "data[…]: Invalid"), ("data[aHVudGVyMg]", "Invalid", "data[…]: Invalid"),
        (String(repeating: "a", count: 301), "Invalid", "?: Invalid"), ("a{b}", "Invalid", "?: Invalid"),
    ])
    func `fields are shown only if they look like a path`(field: String, reason: String, shown: String) {
        let causes = [String](repeating: #"{"field":"\#(field)","reason":"\#(reason)"}"#, count: 20)
        let body = Array(#"{"details":{"causes":[\#(causes.joined(separator: ","))]}}"#.utf8)
        let response = Response(status: 422, body: body)
        #expect(
            KubeError(request, response: response).kind
                == .invalid(status: 422, fields: [String](repeating: shown, count: 8)))
        let delete = Request.delete(.secrets, namespace: "web", name: "tls", uid: "u")
        #expect(KubeError(delete, response: response).kind == .invalid(status: 422, fields: []))
    }

    @Test func `for a Secret whose values are unknown, the error says only who rejected the request`() {
        let delete = Request.delete(.secrets, namespace: "web", name: "tls", uid: "u")
        let message = #"admission webhook \"w\" denied the request: it is still hunter2"#
        let response = Response(status: 400, body: Array(#"{"message":"\#(message)"}"#.utf8))
        let text = KubeError(delete, response: response).description
        #expect(text.contains(#"admission webhook "w" denied the request"#) && !text.contains("hunter2"))
        // Other objects have no secret values.
        let status = Request.mergePatch(.events, namespace: "web", name: "d", [:])
        #expect(KubeError(status, response: response).description.contains("it is still hunter2"))
    }

    @Test func `only a write without a conclusive response may have been applied`() {
        let kinds: [(KubeError.Kind, Bool)] = [
            (.transport(.broken(reason: "r")), true), (.transport(.timeout(reason: "r")), true),
            (.transport(.connect(reason: "r")), false), (.transport(.notLeading), false), (.decoding("p"), true),
            (.server(status: 504, reason: nil, retryAfter: nil), true), (.tooManyRequests(retryAfter: nil), false),
            (.forbidden(message: "m"), false), (.invalid(status: 400, fields: []), false),
            (.conflict(message: "m"), false),
        ]
        for (kind, expected) in kinds {
            for verb in [Operation.Verb.create, .update, .patch, .delete] {
                #expect(KubeError(Operation(verb, resource: "secrets"), kind).isOutcomeUnknown == expected)
            }
            #expect(!KubeError(Operation(.get, resource: "secrets"), kind).isOutcomeUnknown)
        }
    }

    @Test func `a permission may be missing unless a webhook or policy says that it denied the request`() {
        let name = #"secrets "tls" is forbidden: "#
        for (kind, expected) in [
            (KubeError.Kind.forbidden(message: name + #"User "u" cannot update resource "secrets""#), true),
            (.forbidden(message: name + "exceeded quota: q"), true),
            (.forbidden(message: #"admission webhook "w" denied the request: no"#), false),
            (.forbidden(message: name + "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"), false),
            (.conflict(message: "m"), false),
        ] { #expect(KubeError(operation, kind).mayLackPermission == expected) }
    }

    @Test func `the header gives the delay before a retry`() {
        let response = Response(status: 503, headers: ["retry-after": "3"])
        let error = KubeError(request, response: response)
        #expect(error.retryAfter == .seconds(3))
        #expect(error.isRetryable)
        #expect(Response(status: 503, headers: ["retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"]).retryAfter == nil)
    }

    @Test(arguments: [(-1, nil), (Int.min, nil), (0, 0), (60, 60), (61, 60), (86_400, 60), (Int.max, 60)])
    func `a server's delay is at most a minute`(seconds: Int, expected: Int?) {
        let wait = expected.map { Duration.seconds($0) }
        let body = #"{"details":{"retryAfterSeconds":\#(seconds)}}"#
        for status in [429, 503] {
            let response = Response(status: status, body: Array(body.utf8))
            #expect(KubeError(request, response: response).retryAfter == wait)
            #expect(Response(status: status, headers: ["retry-after": "\(seconds)"]).retryAfter == wait)
        }
    }

    @Test func `a list that fails because of one object differs from an unavailable server`() {
        let list = Operation(.list, resource: "secrets")
        let server = { (status: Int, reason: String?) in
            KubeError.Kind.server(status: status, reason: reason, retryAfter: nil)
        }
        for kind in [server(500, "InternalError"), server(500, nil), .decoding("items[3]")] {
            #expect(KubeError(list, kind).mayConcernOneObject)
            #expect(!KubeError(Operation(.get, resource: "secrets"), kind).mayConcernOneObject)
        }
        let away: [KubeError.Kind] = [
            server(503, nil), server(504, nil), .expired, .forbidden(message: "m"), .tooManyRequests(retryAfter: nil),
            .transport(.timeout(reason: "r")),
        ]
        for kind in away { #expect(!KubeError(list, kind).mayConcernOneObject) }
        #expect(!KubeError(list, server(500, nil), message: "etcdserver: request timed out").mayConcernOneObject)
    }

    @Test func `only temporary errors are retried`() {
        let kinds: [(KubeError.Kind, Bool)] = [
            (.transport(.broken(reason: "r")), true), (.transport(.timeout(reason: "r")), true),
            (.transport(.tls(reason: "r")), false), (.transport(.cancelled), false),
            (.tooManyRequests(retryAfter: nil), true), (.conflict(message: "m"), false), (.expired, false),
        ]
        for (kind, expected) in kinds { #expect(KubeError(operation, kind).isRetryable == expected) }
    }

    @Test func `a decoding error names the place`() {
        #expect(throws: JSONBytes.Failure(description: ".metadata.name is not a string")) {
            try JSONBytes.decode(MetadataOnly.self, from: Array(#"{"metadata":{"name":5,"uid":"hunter2"}}"#.utf8))
        }
    }
}
