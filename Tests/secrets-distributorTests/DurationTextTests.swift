import Testing

@testable import secrets_distributor

@Suite struct DurationTextTests {
    @Test(
        "A duration consists of numbers with units",
        arguments: [
            ("0", .zero), ("0s", .zero), ("200ms", .milliseconds(200)), ("2s", .seconds(2)), ("1m30s", .seconds(90)),
            ("1h", .seconds(3600)), ("1.5s", .milliseconds(1500)), (".5s", .milliseconds(500)),
            ("250us", .microseconds(250)), ("250µs", .microseconds(250)), ("1h1m1s1ms", .milliseconds(3_661_001)),
            ("010s", .seconds(10)),
        ] as [(String, Duration)])
    func time(text: String, duration: Duration) { #expect(DurationText.parse(text) == duration) }

    @Test(
        "Other texts are rejected",
        arguments: [
            "", "1", "10", "00", "s", "1x", "1S", "1 s", " 1s", "1s ", "-1s", "+1s", "1.2.3s", ".s", "1e3s", "1d",
            "1s2",
            "0x1s", "inf", "nan", "nans", "١s", "1\u{301}s", "9999999999999s",
            String(repeating: "9", count: 400) + "h",
        ])
    func noTime(text: String) { #expect(DurationText.parse(text) == nil) }
}
