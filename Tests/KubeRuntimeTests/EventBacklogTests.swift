import Kube
import Observability
import Testing

@testable import KubeRuntime

@Suite("Queued Events")
struct EventBacklogTests {
    private func event(_ number: Int, in namespace: String) -> Event {
        Event(
            .warning,
            on: Event.Object(
                apiVersion: "v1", kind: "Thing", namespace: namespace, name: "\(number)", uid: "", resourceVersion: ""),
            from: Event.Source(component: "test", host: ""), reason: "R", message: "", at: Timestamp(seconds: 0))
    }

    private func drained(_ backlog: inout EventBacklog) -> [String] {
        var names: [String] = []
        while let event = backlog.next() { names.append("\(event.object.namespace)/\(event.object.name)") }
        return names
    }

    @Test("are sent in turns by namespace, in order within each namespace")
    func turns() {
        var backlog = EventBacklog(limit: 100)
        for number in 0..<3 { backlog.add(event(number, in: "a")) }
        for number in 0..<2 { backlog.add(event(number, in: "b")) }
        #expect(drained(&backlog) == ["a/0", "b/0", "a/1", "b/1", "a/2"])
        backlog.add(event(9, in: "b"))
        #expect(drained(&backlog) == ["b/9"])
    }

    @Test("beyond the limit are dropped from the namespace that has most, oldest first, and from no other")
    func flood() {
        var backlog = EventBacklog(limit: 10)
        backlog.add(event(0, in: "quiet"))
        for number in 0..<1000 { backlog.add(event(number, in: "flood")) }
        backlog.add(event(1, in: "quiet"))
        let names = drained(&backlog)
        #expect(names.count == 10)
        #expect(names.filter { $0.hasPrefix("quiet") } == ["quiet/0", "quiet/1"])
        #expect(names.last == "flood/999")
    }
}
