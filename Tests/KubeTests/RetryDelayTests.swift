import Kube
import Testing

struct RetryDelayTests {
    @Test func `the limit doubles up to the maximum and begins anew after a reset`() {
        var delay = RetryDelay(first: .seconds(1), maximum: .seconds(5))
        let limits = (0..<5).map { _ in delay.next(random: 1) }
        #expect(limits == [.seconds(1), .seconds(2), .seconds(4), .seconds(5), .seconds(5)])
        delay.reset()
        #expect(delay.next(random: 0.5) == .milliseconds(500))
        #expect(delay.next(random: 0) == .zero)
    }

    @Test func `it does not overflow`() {
        var delay = RetryDelay()
        for _ in 0..<1000 { #expect(delay.next(random: 1) <= .seconds(30)) }
    }
}
