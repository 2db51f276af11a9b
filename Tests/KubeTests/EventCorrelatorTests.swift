import Observability
import TestSupport
import Testing

@testable import Kube

@Suite struct EventCorrelatorTests {
    private var correlator = EventCorrelator<ManualInstant>()

    private static let minute = 60_000

    private func event(
        _ message: String = "m", on name: String = "app", kind: Event.Kind = .warning, reason: String = "WriteFailed",
        resourceVersion: String = "1", at seconds: Int64 = 0
    ) -> Event {
        Event(
            kind,
            on: Event.Object(
                apiVersion: "v1", kind: "K", namespace: "shop", name: name, uid: "uid of \(name)",
                resourceVersion: resourceVersion),
            from: Event.Source(component: "agent", host: "pod-1"), reason: reason, message: message,
            at: Timestamp(seconds: seconds))
    }

    /// - Parameter time: milliseconds.
    private mutating func correlate(_ event: Event, at time: Int = 0) -> Event? {
        correlator.correlate(event, at: ManualInstant(time))
    }

    @Test("the first Event is written unchanged")
    mutating func first() {
        #expect(correlate(event()) == event())
    }

    @Test("an equal Event increases the count of the first one, and keeps its name and first time")
    mutating func equal() throws {
        let first = try #require(correlate(event(at: 100)))
        // Of a later version of the object, and much later.
        let later = event(resourceVersion: "2", at: 200)
        for count in 2...5 {
            let second = try #require(correlate(later, at: count * 20 * Self.minute))
            #expect(second.name == first.name && second.name != later.name)
            #expect(second.firstTime == first.firstTime)
            #expect(second.lastTime == later.lastTime)
            #expect(second.count == count)
        }
    }

    @Test("an Event that differs in object, kind, reason or message is a separate one")
    mutating func different() {
        let events = [
            event(), event(on: "other"), event(kind: .normal), event(reason: "InvalidSpec"), event("another message"),
        ]
        for event in events { #expect(correlate(event)?.count == 1) }
    }

    @Test("nine different messages are separate Events; from the tenth on they are combined")
    mutating func combined() throws {
        for number in 1...9 { #expect(correlate(event("\(number)", at: Int64(number)))?.count == 1) }
        let tenth = try #require(correlate(event("10", at: 10)))
        #expect(tenth.message == "(combined from similar events): 10")
        #expect(tenth.count == 1)
        #expect(tenth.name == event(at: 10).name)
        for number in 11...15 {
            let next = try #require(correlate(event("\(number)", at: Int64(number))))
            #expect(next.message == "(combined from similar events): \(number)")
            #expect(next.count == number - 9)
            #expect(next.name == tenth.name && next.firstTime == tenth.firstTime)
        }
        // Messages that were written separately before still are.
        let known = try #require(correlate(event("3", at: 20)))
        #expect(known.message == "3" && known.count == 2)
        // Other reasons and other objects are not combined with them.
        #expect(correlate(event("x", reason: "InvalidSpec"))?.message == "x")
        #expect(correlate(event("x", on: "other"))?.message == "x")
    }

    @Test("ten minutes after the last similar Event they are written separately again, and not before")
    mutating func window() {
        for number in 1...10 { _ = correlate(event("\(number)")) }
        #expect(correlate(event("11"), at: 10 * Self.minute)?.message == "(combined from similar events): 11")
        #expect(correlate(event("12"), at: 20 * Self.minute)?.message == "(combined from similar events): 12")
        #expect(correlate(event("13"), at: 30 * Self.minute + 1)?.message == "13")
    }

    @Test("a message of maximum length does not become longer when it is combined")
    mutating func longMessage() {
        let text = String(repeating: "x", count: 1020)
        for number in 1...9 { _ = correlate(event("\(number)")) }
        let message = correlate(event(text))?.message ?? ""
        #expect(message.utf8.count == 1024)
        #expect(message.hasPrefix("(combined from similar events): xxx"))
    }

    @Test("25 Events of one object are written at once, then one every five minutes, and dropped ones are counted")
    mutating func flood() {
        for count in 1...25 { #expect(correlate(event())?.count == count) }
        for _ in 26...30 { #expect(correlate(event()) == nil) }
        // Another object has its own limit.
        #expect(correlate(event(on: "other"))?.count == 1)
        #expect(correlate(event(), at: 5 * Self.minute - 1) == nil)
        #expect(correlate(event(), at: 5 * Self.minute)?.count == 32)
        #expect(correlate(event(), at: 5 * Self.minute) == nil)
        #expect(correlate(event(), at: 10 * Self.minute)?.count == 34)
        // The saved budget never exceeds the initial one.
        let later = 10_000 * Self.minute
        #expect((1...100).count { _ in correlate(event(), at: later) != nil } == 25)
    }

    @Test("recently used entries are kept, up to the capacity")
    func recent() {
        var recent = LRUCache<Int, Int>(capacity: 100)
        var (largest, forgotten) = (0, 0)
        for number in 0..<2_000 {
            recent[number] = number
            // Key 0 is read all the time.
            for key in [0] + (max(0, number - 40)...number) where recent[key] != key { forgotten += 1 }
            largest = max(largest, recent.count)
        }
        #expect(largest <= 100)
        #expect(forgotten == 0)
        #expect(recent[1000] == nil)
        recent[1999] = nil
        #expect(recent[1999] == nil)
    }

    @Test("objects without Events for a long time are forgotten: later Events are new ones")
    mutating func forgotten() {
        _ = correlate(event())
        for number in 0..<10_000 { _ = correlate(event(on: "object-\(number)")) }
        #expect(correlate(event())?.count == 1)
        #expect(correlate(event(on: "object-9000"))?.count == 2)
    }
}
