import Kube
import Testing

/// A custom resource.
private let widgets = Resource(group: "example.com", plural: "widgets")

struct RequestTests {
    @Test(arguments: [
        (Request.list(.secrets), "GET /api/v1/secrets"),
        (.list(.secrets, namespace: "web", limit: 500), "GET /api/v1/namespaces/web/secrets?limit=500"),
        (
            .list(.secrets, labelSelector: "a in (b,c),d=e/f", continue: "x+/="),
            "GET /api/v1/secrets?labelSelector=a%20in%20%28b%2Cc%29%2Cd%3De%2Ff&continue=x%2B%2F%3D"
        ),
        (
            .watch(widgets, resourceVersion: "7", timeout: .seconds(300)),
            "GET /apis/example.com/v1/widgets"
                + "?watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=300"
        ),
        (
            .get(.leases, namespace: "kube-system", name: "a"),
            "GET /apis/coordination.k8s.io/v1/namespaces/kube-system/leases/a"
        ),
        (.get(.namespaces, name: "a/../b"), "GET /api/v1/namespaces/a%2F..%2Fb"),
        (
            .create(.events, namespace: "web", [:]),
            "POST /api/v1/namespaces/web/events?fieldManager=secrets-distributor"
        ),
        (
            .mergePatch(widgets, namespace: "web", name: "a", subresource: "status", [:]),
            "PATCH /apis/example.com/v1/namespaces/web/widgets/a/status"
                + "?fieldManager=secrets-distributor"
        ),
        (
            .update(.secrets, namespace: "web", name: "a", [:]),
            "PUT /api/v1/namespaces/web/secrets/a?fieldManager=secrets-distributor"
        ),
        (
            .delete(.secrets, namespace: "web", name: "a", uid: nil), "DELETE /api/v1/namespaces/web/secrets/a"
        ),
    ])
    func `a request has the path and query of the API`(request: Request, line: String) {
        #expect("\(request)" == line)
    }

    @Test func `a delete names the object that was read`() {
        let request = Request.delete(.secrets, namespace: "web", name: "a", uid: "u", resourceVersion: "7")
        let body = String(decoding: request.body, as: UTF8.self)
        #expect(
            body == #"{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"resourceVersion":"7","uid":"u"}}"#)
    }

    @Test func `only reads may be repeated, and the timeout of a write is longer than the server's`() {
        let patch = Request.mergePatch(
            .secrets, namespace: "web", name: "a", ["metadata": ["resourceVersion": "7"], "data": [:]])
        #expect(patch.contentType == "application/merge-patch+json")
        let delete = Request.delete(.secrets, namespace: "web", name: "a", uid: "u")
        let update = Request.update(.secrets, namespace: "web", name: "a", [:])
        #expect(update.contentType == "application/json")
        for write in [patch, delete, update, .create(.secrets, namespace: "web", [:])] {
            #expect(!write.isRepeatable)
            #expect(write.timeout > .seconds(60))
        }
        #expect(Request.create(.secrets, namespace: "web", [:], dryRun: true).isRepeatable)
        let read = Request.get(.secrets, namespace: "web", name: "a")
        #expect(read.isRepeatable && read.timeout == .seconds(30))
    }

    @Test func `a request and a response cannot be printed with their bodies`() {
        let request = Request.create(.secrets, namespace: "web", ["data": ["k": "c2VjcmV0"]])
        let response = Response(status: 200, body: Array("c2VjcmV0".utf8))
        var text = ""
        dump(request, to: &text)
        dump(response, to: &text)
        text += "\(request) \(response) \(String(reflecting: request)) \(String(reflecting: response))"
        #expect(!text.contains("c2VjcmV0") && !text.contains("99"))
    }

    @Test func `a watch times out shortly after the server should have ended it`() {
        #expect(Request.watch(.secrets, resourceVersion: "1", timeout: .seconds(300)).timeout == .seconds(330))
    }
}
