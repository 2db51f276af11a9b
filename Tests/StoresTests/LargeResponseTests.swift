import Distribution
import DistributionSupport
import Kube
import LinuxIO
import TestSupport
import Testing

@testable import JSON
@testable import Planning
@testable import Stores

/// Objects that somebody has made large, as seen by the stores of a cluster.
@Suite("A large object")
struct LargeResponseTests {
    private let key = ObjectKey(namespace: "web", name: "target")

    private func store(_ transport: any KubeTransport) -> KubernetesSecretStore {
        KubernetesSecretStore(client: transport, managedBy: "me", logger: .none)
    }

    @Test("that is a Secret above the maximum size is rejected by name, when it is read or replaced")
    func refused() async throws {
        let transport = Scripted { request throws(KubeError) in
            throw KubeError(request.operation, .transport(.tooLarge(limit: request.maximumBody)))
        }
        let words = "Secret web/target is not used: its JSON is larger than 3407872 bytes"
        let observed = await #expect(throws: StoreError.self) { _ = try await store(transport).observe(key) }
        guard case .rejected(let text)? = observed else {
            Issue.record("\(String(describing: observed))")
            return
        }
        #expect(text.hasPrefix(words))
        let target = ObservedTarget(key, of: ObjectKey(namespace: "web", name: "d"))
        let replaced = await #expect(throws: StoreError.self) {
            _ = try await store(transport).recreate(target, as: try desiredTarget("web", ["a": [1]]))
        }
        #expect(replaced?.description.hasPrefix(words) == true)
        #expect(transport.all.map(\.method) == [.get, .get])
    }

    @Test(
        "is not replaced if it has more metadata of others than is kept",
        arguments: [
            #""finalizers":[\#([String](repeating: #""a/b""#, count: 1001).joined(separator: ","))]"#,
            #""annotations":{"note":"\#(String(repeating: "x", count: 300_000))"}"#,
            #""ownerReferences":[\#([String](repeating: "[]", count: 100_000).joined(separator: ","))]"#,
        ])
    func metadata(_ excess: String) async throws {
        let transport = Scripted { _ in
            Response(status: 200, body: Array(#"{"metadata":{"name":"target","namespace":"web",\#(excess)}}"#.utf8))
        }
        let target = ObservedTarget(key, of: ObjectKey(namespace: "web", name: "d"))
        let error = await #expect(throws: StoreError.self) {
            _ = try await store(transport).recreate(target, as: try desiredTarget("web", ["a": [1]]))
        }
        guard case .cannotReplace(let text)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("Secret web/target has ") && text.contains("expected at most"))
        #expect(transport.all.count == 1)
    }

    @Test("of which only the name or parts can be read does not fail the list")
    func listed() async throws {
        let marks = String(repeating: "\u{301}", count: 40)
        let items = #"{"metadata":{"name":"bad","namespace":"web"},"type":"a\#(marks)"}"#
        let whole = #"{"metadata":{"resourceVersion":"1","continue":"next"},"items":[\#(items)]}"#
        let named =
            #"{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"large","namespace":"web","#
            + #""annotations":{"note":"theirs","\#(WellKnownKeys.managedBy)":"me"}}}]}"#
        let transport = Scripted { request throws(KubeError) in
            let isNext = request.query.contains { $0.name == "continue" }
            let isPartial = request.accept.contains("PartialObjectMetadataList")
            guard !isNext || isPartial else { throw KubeError(request.operation, .transport(.tooLarge(limit: 16))) }
            return Response(status: 200, body: Array((isNext ? named : whole).utf8))
        }
        let targets = try await store(transport).list(.all)
        #expect(targets.map(\.key.name) == ["bad", "large"])
        #expect(targets.map { $0.excess != nil } == [true, true])
        #expect(targets.last?.annotations == [WellKnownKeys.managedBy: "me"])
    }

    @Test("without a name, which could be any Secret, fails the list")
    func nameless() async throws {
        let transport = Scripted { _ in
            Response(status: 200, body: Array(#"{"metadata":{"resourceVersion":"1"},"items":[{}]}"#.utf8))
        }
        let error = await #expect(throws: StoreError.self) { _ = try await store(transport).list(.all) }
        guard case .unlistable? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("is replaced with the metadata of others, whatever values kubectl has copied into them")
    func copyOfValues() throws {
        let copy = String(repeating: "x", count: 300_000)
        let annotations = #"{"\#(WellKnownKeys.lastApplied)":"\#(copy)","note":"theirs"}"#
        let json = #"{"metadata":{"name":"s","annotations":\#(annotations),"finalizers":["a/b"]}}"#
        let found = try JSONBytes.decode(ForeignMetadata.self, from: Array(json.utf8))
        #expect(found.excess == nil)
        #expect(found.metadata == ["annotations": ["note": "theirs"], "finalizers": ["a/b"]])
    }

    @Test("that is a distribution gets a large enough buffer for its status, from a list or an earlier response")
    func distribution() async throws {
        let padding = String(repeating: "x", count: 40_000)
        let object =
            #"{"metadata":{"name":"d","namespace":"web","uid":"u","annotations":{"note":"\#(padding)"}},"spec":{}}"#
        let list = #"{"metadata":{"resourceVersion":"1"},"items":[\#(object)]}"#
        let transport = Scripted { request in
            Response(status: 200, body: Array((request.operation.verb == .list ? list : object).utf8))
        }
        let key = ObjectKey(namespace: "web", name: "d")
        for isListed in [true, false] {
            let store = KubernetesDistributionStore(client: transport, logger: .none)
            let listed = isListed ? try await store.list(.all).first : nil
            let current = try #require(try await store.current(key))
            _ = try? await store.write(StoredStatus(), to: listed ?? current, on: .current)
        }
        let asked = transport.all.filter { $0.operation.verb != .list }
        #expect(asked.first?.expectedResponseSize ?? 0 > 40_000)
        #expect(asked.filter { $0.method == .patch }.allSatisfy { $0.expectedResponseSize > 40_000 })
        #expect(asked.contains { $0.method == .patch })
    }
}

/// Returns given responses, and records the requests.
private final class Scripted: KubeTransport {
    private let answer: @Sendable (Request) throws(KubeError) -> Response
    private let requests = Mutex<[Request]>([])

    init(_ answer: @escaping @Sendable (Request) throws(KubeError) -> Response) { self.answer = answer }

    var all: [Request] { requests.withLock { $0 } }

    func send(_ request: Request) async throws(KubeError) -> Response {
        requests.withLock { $0.append(request) }
        return try answer(request)
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
        throw KubeError(request.operation, .transport(.shutDown))
    }
}
