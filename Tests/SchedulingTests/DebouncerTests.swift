import Scheduling
import Testing

@Suite struct DebouncerTests {
    private let start = ContinuousClock.now
    private var debouncer = Debouncer<ContinuousClock.Instant>(quiet: .milliseconds(200), longest: .seconds(2))

    /// `milliseconds` after the start.
    private func at(_ milliseconds: Int) -> ContinuousClock.Instant {
        start.advanced(by: .milliseconds(milliseconds))
    }

    /// `#expect` itself cannot call mutating methods.
    private func fires(_ debouncer: inout Debouncer<ContinuousClock.Instant>, _ milliseconds: Int) -> Bool {
        debouncer.fire(at: at(milliseconds))
    }

    @Test func `without a change there is no deadline`() {
        var debouncer = debouncer
        #expect(debouncer.deadline == nil)
        #expect(!fires(&debouncer, 10_000))
    }

    @Test func `one change is due after the quiet time, once`() {
        var debouncer = debouncer
        debouncer.changed(at: at(0))
        #expect(debouncer.deadline == at(200))
        #expect(!fires(&debouncer, 199))
        #expect(fires(&debouncer, 200))
        #expect(debouncer.deadline == nil)
        #expect(!fires(&debouncer, 400))
    }

    @Test func `each change moves the deadline`() {
        var debouncer = debouncer
        debouncer.changed(at: at(0))
        debouncer.changed(at: at(150))
        #expect(!fires(&debouncer, 200))
        #expect(debouncer.deadline == at(350))
    }

    @Test func `the first change waits no longer than the limit`() {
        var debouncer = debouncer
        for time in stride(from: 0, through: 1900, by: 100) { debouncer.changed(at: at(time)) }
        #expect(debouncer.deadline == at(2000))
        #expect(fires(&debouncer, 2000))
    }

    @Test func `after it fired, the limit starts again`() {
        var debouncer = debouncer
        for time in stride(from: 0, through: 1900, by: 100) { debouncer.changed(at: at(time)) }
        #expect(fires(&debouncer, 2000))
        debouncer.changed(at: at(2100))
        #expect(debouncer.deadline == at(2300))
    }

    @Test func `a limit below the quiet time takes precedence`() {
        var debouncer = Debouncer<ContinuousClock.Instant>(quiet: .seconds(5), longest: .seconds(1))
        debouncer.changed(at: at(0))
        #expect(debouncer.deadline == at(1000))
    }

    @Test func `a requested reading waits for the quiet time, and another request does not move the deadline`() {
        var debouncer = debouncer
        debouncer.requested(at: at(0))
        debouncer.requested(at: at(150))
        #expect(debouncer.deadline == at(200))
        debouncer.changed(at: at(190))
        debouncer.requested(at: at(195))
        #expect(debouncer.deadline == at(390))
        #expect(fires(&debouncer, 390))
        #expect(debouncer.deadline == nil)
    }

    @Test func `requested readings have a minimum interval; a change does not wait for it`() {
        var debouncer = Debouncer<ContinuousClock.Instant>(
            quiet: .milliseconds(200), longest: .seconds(2), pause: .seconds(1))
        var looks: [Int] = []
        for time in stride(from: 0, through: 10_000, by: 10) {
            debouncer.requested(at: at(time))
            guard fires(&debouncer, time) else { continue }
            if debouncer.finishReading(at: at(time), since: at(time)) { looks.append(time) }
        }
        #expect(looks == [200, 1400, 2600, 3800, 5000, 6200, 7400, 8600, 9800])
        debouncer.changed(at: at(10_010))
        #expect(debouncer.deadline == at(10_210))
        #expect(debouncer.firstChange == at(10_010))
    }

    @Test func `a change during a reading counts from its first event`() {
        var debouncer = debouncer
        debouncer.changed(at: at(0))
        #expect(fires(&debouncer, 200))
        let counts = debouncer.finishReading(at: at(300), since: at(0), hasChanged: true)
        #expect(!counts)
        #expect(debouncer.deadline == at(500))
        #expect(debouncer.firstChange == at(0))
        debouncer.changed(at: at(1900))
        #expect(debouncer.deadline == at(2000))
    }

    /// Each reading takes 70 ms, in which something changes.
    @Test func `endless changes cause one reading for each longest wait`() {
        var debouncer = debouncer
        var (now, counted) = (0, [Int]())
        debouncer.changed(at: at(now))
        while now < 10_000 {
            let first = debouncer.firstChange ?? at(now)
            if fires(&debouncer, now) {
                now += 70
                if debouncer.finishReading(at: at(now), since: first, hasChanged: true) { counted.append(now) }
            } else {
                debouncer.changed(at: at(now))
            }
            now += 10
        }
        #expect((4...5).contains(counted.count))
        for (earlier, later) in zip(counted, counted.dropFirst()) { #expect(later - earlier >= 2000) }
    }
}
