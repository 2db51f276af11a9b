import Glibc

/// A point in time on the wall clock, in UTC, for people and for the Kubernetes API. Not for measuring durations.
package struct Timestamp: Sendable, Hashable, Comparable {
    /// Seconds since 1970-01-01T00:00:00Z.
    package var seconds: Int64
    /// 0 to 999,999,999.
    package var nanoseconds: Int64

    package init(seconds: Int64, nanoseconds: Int64 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Reads `CLOCK_REALTIME`.
    package static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec))
    }

    /// Parses RFC 3339 in UTC (`2026-11-21T08:30:00Z`, with any number of fractional digits); nil for anything else.
    package init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        // A zero in the shape stands for any digit; every other character must match exactly.
        let shape = Array("0000-00-00T00:00:00".utf8)
        let zero = UInt8(ascii: "0")
        let isDigit: (UInt8) -> Bool = { $0 >= zero && $0 <= zero + 9 }
        guard bytes.count > shape.count, bytes.last == UInt8(ascii: "Z"),
            zip(bytes, shape).allSatisfy({ byte, form in form == zero ? isDigit(byte) : byte == form })
        else { return nil }
        let number: (Range<Int>) -> Int64 = { bytes[$0].reduce(0) { $0 * 10 + Int64($1 - zero) } }
        var fraction: Int64 = 0
        let tail = bytes[shape.count..<(bytes.count - 1)]
        if !tail.isEmpty {
            guard tail.first == UInt8(ascii: "."), tail.count > 1, tail.dropFirst().allSatisfy(isDigit) else {
                return nil
            }
            let digits = tail.dropFirst().prefix(9)
            fraction = number(digits.indices)
            for _ in digits.count..<9 { fraction *= 10 }
        }
        var fields = tm()
        fields.tm_year = Int32(number(0..<4)) - 1900
        fields.tm_mon = Int32(number(5..<7)) - 1
        fields.tm_mday = Int32(number(8..<10))
        fields.tm_hour = Int32(number(11..<13))
        fields.tm_min = Int32(number(14..<16))
        fields.tm_sec = Int32(number(17..<19))
        guard (0..<12).contains(fields.tm_mon), (1...31).contains(fields.tm_mday), fields.tm_hour < 24,
            fields.tm_min < 60, fields.tm_sec <= 60
        else { return nil }
        self.init(seconds: Int64(timegm(&fields)), nanoseconds: fraction)
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    /// The duration until `other`; negative if `other` is earlier.
    package func duration(to other: Timestamp) -> Duration {
        .seconds(other.seconds - seconds) + .nanoseconds(other.nanoseconds - nanoseconds)
    }

    /// RFC 3339 with whole seconds, as metav1.Time: `2026-11-21T08:30:00Z`.
    package var rfc3339: String { date + "Z" }

    /// RFC 3339 with exactly six fractional digits, as metav1.MicroTime: `2026-11-21T08:30:00.012345Z`.
    package var rfc3339Micro: String { date + fraction(digits: 6) }

    /// RFC 3339 with exactly nine fractional digits.
    package var rfc3339Nano: String { date + fraction(digits: 9) }

    private var date: String {
        var time = time_t(seconds)
        var fields = tm()
        gmtime_r(&time, &fields)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer in
            guard let start = buffer.baseAddress, strftime(start, buffer.count, "-%m-%dT%H:%M:%S", &fields) > 0 else {
                return ""
            }
            // strftime(3) does not pad years below 1000 with zeros.
            let year = String(Int(fields.tm_year) + 1900)
            return String(repeating: "0", count: max(0, 4 - year.count)) + year + String(cString: start)
        }
    }

    private func fraction(digits: Int) -> String {
        let all = String(nanoseconds)
        let padded = String(repeating: "0", count: max(0, 9 - all.count)) + all
        return "." + padded.prefix(digits) + "Z"
    }
}
