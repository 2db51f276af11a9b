import Testing

@testable import benchmark

struct StatisticsTests {
    @Test(arguments: [([], nil), ([3], 3), ([9, 1, 5], 5), ([4, 1, 3, 2], 2.5)] as [([Double], Double?)])
    func `the median is the middle value, or between the middle two`(values: [Double], expected: Double?) {
        #expect(values.median == expected)
    }

    @Test(arguments: [(0.5, 50), (0.99, 99), (1, 100), (0, 1), (0.001, 1)] as [(Double, Double)])
    func `a percentile is one of the values, by nearest rank`(share: Double, expected: Double) {
        #expect((1...100).map(Double.init).shuffled().percentile(share) == expected)
        #expect([Double]().percentile(share) == nil)
    }

    @Test(
        arguments: [
            (0.00427, .seconds, "4.27 ms"), (0.0000123, .seconds, "12.3 µs"), (59.96, .seconds, "60 s"),
            (0.9999, .seconds, "1 s"), (0.9989, .seconds, "999 ms"), (1234.4, .seconds, "1,234 s"),
            (0, .seconds, "0 s"), (-0.0025, .seconds, "-2.5 ms"),
            (6_291_456, .bytes, "6 MiB"), (1023, .bytes, "1,023 B"), (1024, .bytes, "1 KiB"), (0, .bytes, "0 B"),
            (16_500_000, .bytes, "15.7 MiB"), (25_234_001_920, .bytes, "23.5 GiB"),
            (0.0005, .cores, "0.05 %"), (0.000123, .cores, "0.0123 %"), (1.5, .cores, "150 %"),
            (12_345, .count, "12,345"), (1, .count, "1"), (1.006, .count, "1.01"), (1_000_000, .count, "1,000,000"),
            (13.04, .perHour, "13/h"), (2_000, .bytesPerHour, "1.95 KiB/h"), (0.5, .bytesPerHour, "0.5 B/h"),
        ] as [(Double, Figure.Unit, String)])
    func `values are rounded for readers`(value: Double, unit: Figure.Unit, expected: String) {
        #expect(Amount.text(value, unit) == expected)
    }
}
