import Notify
import Testing

@Suite("A pending notification")
struct PendingNotificationTests {
    private typealias Pending = PendingNotification<ContinuousClock.Instant>
    private let start = ContinuousClock.now

    private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start.advanced(by: .milliseconds(milliseconds)) }

    @Test("collects the changes of a pass, and is due when it is quiet")
    func collects() {
        var pending = Pending()
        #expect(pending.deadline == nil)
        pending.changed("b", at: at(0))
        pending.changed("a", at: at(60))
        pending.changed("a", at: at(90))
        #expect(pending.deadline == at(190))
        #expect(take(&pending, 189) == nil)
        #expect(take(&pending, 190) == ["a", "b"])
    }

    @Test("waits for the end of a rotation, but not forever")
    func rotation() {
        var pending = Pending()
        pending.changed("a", at: at(0))
        #expect(take(&pending, 100, isRotating: true) == nil)
        #expect(pending.deadline == at(200))
        #expect(take(&pending, 9_999, isRotating: true) == nil)
        #expect(take(&pending, 10_099, isRotating: true) == ["a"])
        #expect(take(&pending, 10_099, isRotating: false) == ["a"])
    }

    @Test("is repeated with growing delays until it is delivered")
    func failures() {
        var pending = Pending()
        pending.changed("a", at: at(0))
        var now = 100
        for delay in [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000] {
            #expect(take(&pending, now) == ["a"])
            pending.failed(at: at(now), jitter: 1, hasChanged: false)
            #expect(pending.deadline == at(now + delay))
            #expect(take(&pending, now + delay - 1) == nil)
            now += delay
        }
        pending.delivered(hasChanged: false)
        #expect(pending.isEmpty)
        #expect(pending.deadline == nil)
    }

    @Test("that failed is superseded by the next change, which includes it")
    func superseded() {
        var pending = Pending()
        pending.changed("a", at: at(0))
        for _ in 0..<9 { pending.failed(at: at(100), jitter: 1, hasChanged: false) }
        pending.changed("b", at: at(200))
        #expect(pending.deadline == at(300))
        #expect(take(&pending, 300) == ["a", "b"])
        pending.failed(at: at(300), jitter: 1, hasChanged: false)
        #expect(pending.deadline == at(550))
    }

    @Test("stays pending if something changes while it is sent", arguments: [true, false])
    func changedMeanwhile(_ isDelivered: Bool) {
        var pending = Pending()
        pending.changed("a", at: at(0))
        #expect(take(&pending, 100) == ["a"])
        pending.changed("a", at: at(150))
        if isDelivered {
            pending.delivered(hasChanged: true)
        } else {
            pending.failed(at: at(160), jitter: 1, hasChanged: true)
        }
        #expect(pending.deadline == at(250))
        #expect(take(&pending, 250) == ["a"])
    }

    @Test("is a list of names as JSON")
    func body() throws {
        var pending = Pending()
        pending.changed("team/a\"b", at: at(0))
        let taken = pending.nextDue(at: at(100), isRotating: false)
        let notification = try #require(taken)
        #expect(String(decoding: notification.body, as: UTF8.self) == #"{"secrets":["team/a\"b"]}"#)
    }

    /// `#expect` itself cannot call mutating methods.
    private func take(_ pending: inout Pending, _ milliseconds: Int, isRotating: Bool = false) -> [String]? {
        pending.nextDue(at: at(milliseconds), isRotating: isRotating)?.secrets
    }
}

@Suite("The receivers of notifications")
struct ReceiverTests {
    @Test(
        "are http and https URLs",
        arguments: ["http://127.0.0.1:8080/-/reload", "https://a.example", "http://[::1]:80/?a=b&c", "http://a?b"])
    func urls(_ text: String) {
        #expect(NotificationURL(text)?.text == text)
    }

    @Test(
        "are no other texts",
        arguments: [
            "", "127.0.0.1:8080", "ftp://a", "http://", "http:///a", "http://u:p@a/", "http://a/#b", "http://a b",
            "http://a:0/", "http://a:99999/", "http://ü/",
        ])
    func notURLs(_ text: String) {
        #expect(NotificationURL(text) == nil)
    }

    @Test(
        "are described without path and query, which may hold a token",
        arguments: [
            ("http://127.0.0.1:8080/-/reload?token=hunter2", "http://127.0.0.1:8080"),
            ("https://a.example/hunter2", "https://a.example:443"), ("http://[::1]?hunter2", "http://[::1]:80"),
        ])
    func description(_ text: String, _ expected: String) throws {
        let url = try #require(NotificationURL(text))
        #expect(Receiver.url(url).description == expected)
    }
}
