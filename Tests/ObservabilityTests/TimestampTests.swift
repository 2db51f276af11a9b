import Observability
import Testing

@Suite struct TimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00.000000000Z", 0, 0), ("2026-11-21T08:30:00.012345678Z", 1_795_249_800, 12_345_678),
            ("2024-02-29T23:59:59.999999999Z", 1_709_251_199, 999_999_999),
            ("2038-01-19T03:14:08.000000001Z", 1 << 31, 1), ("0000-01-01T00:00:00.000000000Z", -62_167_219_200, 0),
            ("0007-01-01T00:00:00.000000000Z", -61_946_294_400, 0),
        ] as [(String, Int64, Int64)])
    func `a time is the same after writing and parsing it`(text: String, seconds: Int64, nanoseconds: Int64) {
        let time = Timestamp(seconds: seconds, nanoseconds: nanoseconds)
        #expect(time.rfc3339Nano == text)
        #expect(Timestamp(rfc3339: text) == time)
    }

    @Test func `whole seconds and microseconds have their own formats`() {
        let time = Timestamp(seconds: 0, nanoseconds: 1_234_567)
        #expect(time.rfc3339 == "1970-01-01T00:00:00Z")
        #expect(time.rfc3339Micro == "1970-01-01T00:00:00.001234Z")
    }

    @Test func `any number of fractional digits is parsed`() {
        #expect(Timestamp(rfc3339: "1970-01-01T00:00:01Z") == Timestamp(seconds: 1))
        #expect(Timestamp(rfc3339: "1970-01-01T00:00:01.5Z") == Timestamp(seconds: 1, nanoseconds: 500_000_000))
        #expect(Timestamp(rfc3339: "1970-01-01T00:00:01.12345678999Z")?.nanoseconds == 123_456_789)
    }

    @Test(arguments: [
        "", "Z", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01T00:00:00+00:00", "1970-01-01T00:00:00.Z",
        "1970-01-01 00:00:00Z", "1970-13-01T00:00:00Z", "1970-00-01T00:00:00Z", "1970-01-32T00:00:00Z",
        "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z", "1970-01-01T00:00:61Z", "1970-01-01T00:00:00.1xZ",
        "x970-01-01T00:00:00Z", "1970-01-01T00:00:00ZZ",
    ])
    func `text that is not a time in UTC is rejected`(text: String) { #expect(Timestamp(rfc3339: text) == nil) }

    @Test func `times are ordered`() {
        #expect(Timestamp(seconds: 1, nanoseconds: 9) < Timestamp(seconds: 2))
        #expect(Timestamp(seconds: 1, nanoseconds: 8) < Timestamp(seconds: 1, nanoseconds: 9))
        #expect(Timestamp.now() > Timestamp(seconds: 1_700_000_000))
    }
}
