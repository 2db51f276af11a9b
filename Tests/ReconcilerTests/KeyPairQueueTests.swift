import Testing

@testable import Distribution
@testable import Reconciler

@Suite("The queue of generated key pairs")
struct KeyPairQueueTests {
    private func group(_ key: String) -> GeneratedGroup {
        GeneratedGroup(pair: nil, entries: [.init(key: key, value: GeneratedValue(kind: .rsa, size: 2048))])
    }

    private func target(_ number: Int, in namespace: String) -> ObjectKey {
        ObjectKey(namespace: namespace, name: "t\(number)")
    }

    @Test("gives one group after another, and keeps what was generated until it is forgotten")
    func order() {
        var queue = KeyPairQueue()
        let target = target(0, in: "web")
        queue.request([group("a"), group("b")], for: target)
        #expect(queue.next(for: target) == group("a"))
        queue.keep([:], of: group("a"), for: target)
        #expect(queue.next(for: target) == group("b"))
        queue.keep([:], of: group("b"), for: target)
        #expect(queue.next(for: target) == nil)
        #expect(queue.values(of: group("a"), for: target) != nil && queue.count == 1)
        queue.forget(target)
        #expect(queue.values(of: group("a"), for: target) == nil && queue.count == 0)
    }

    @Test("has room for some targets of each namespace, however many of another one wait to be stored")
    func room() {
        var queue = KeyPairQueue()
        var number = 0
        while queue.hasRoom(for: target(number, in: "web")), number < 10_000 {
            queue.keep([:], of: group("a"), for: target(number, in: "web"))
            number += 1
        }
        #expect((1...100).contains(number))
        #expect(queue.hasRoom(for: target(0, in: "web")) && queue.hasRoom(for: target(0, in: "shop")))
        queue.forget(target(0, in: "web"))
        #expect(queue.hasRoom(for: target(number, in: "web")))
    }
}
