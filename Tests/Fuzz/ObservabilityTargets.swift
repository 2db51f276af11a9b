import JSON
import LinuxIO
import Observability

enum ObservabilityTargets {
    /// Whatever a field contains, a log record is one line, a JSON line keeps the values, and a text line cannot
    /// contain a forged field.
    static let log: Fuzz.Target = { bytes in
        let values = bytes.split(separator: 0, omittingEmptySubsequences: false).map { Fuzz.text($0) }
        for format in Logger.Format.allCases {
            let lines = Mutex<[String]>([])
            let logger = Logger(format: format, now: { Timestamp(seconds: 0) }) { line in
                lines.withLock { $0.append(line) }
            }
            logger.info("message", ["one": .string(values[0]), "all": .strings(values)])
            let line = lines.withLock { $0.count == 1 ? $0[0] : "\n" }
            Fuzz.require(Fuzz.isOneLine(line), "a log line is one line of visible characters")
            guard format == .json else {
                Fuzz.require(line.utf8.count { $0 == UInt8(ascii: "=") } >= 2, "a text line has its fields")
                continue
            }
            guard let json = try? JSONValue(json: Array(line.utf8)) else {
                Fuzz.require(false, "a log line is JSON")
                return
            }
            Fuzz.require(
                json["one"]?.string.map { Array($0.utf8) } == Array(values[0].utf8), "a string is unchanged")
            Fuzz.require(json["all"]?.array?.map(\.string) == values, "strings are unchanged")
        }
    }

    static let timestamp: Fuzz.Target = { bytes in
        guard let time = Timestamp(rfc3339: Fuzz.text(bytes)) else { return }
        Fuzz.require((0..<1_000_000_000).contains(time.nanoseconds), "nanoseconds are a part of a second")
        // A year after 9999 has no representation.
        guard time.seconds < 253_402_300_800 else { return }
        Fuzz.require(Timestamp(rfc3339: time.rfc3339Nano) == time, "a value is the same after writing and reading it")
        let micro = Timestamp(rfc3339: time.rfc3339Micro)
        Fuzz.require(
            micro?.seconds == time.seconds && micro?.nanoseconds == time.nanoseconds / 1000 * 1000,
            "MicroTime keeps microseconds")
        Fuzz.require(Timestamp(rfc3339: time.rfc3339)?.seconds == time.seconds, "whole seconds are kept")
    }

    /// Whatever a label contains, a sample is one line, and reading it returns the original value.
    static let exposition: Fuzz.Target = { bytes in
        let values = bytes.split(separator: 0, omittingEmptySubsequences: false).map { Fuzz.text($0) }
        var metric = Metric(.gauge, "m", values[0])
        for value in values { metric.add(.number(1), ["l": value]) }
        let lines = Exposition.text([metric]).utf8.split(separator: UInt8(ascii: "\n"))
        Fuzz.require(lines.count == values.count + 2, "each sample is one line")
        Fuzz.require(lines[1].elementsEqual("# TYPE m gauge".utf8), "help is one line")
        for (line, value) in zip(lines.dropFirst(2), values) {
            Fuzz.require(labelValue(Array(line)) == Array(value.utf8), "a label's value is unchanged")
        }
    }

    /// The value in `m{l="value"} 1`, unescaped; nil if the line has another form.
    private static func labelValue(_ line: [UInt8]) -> [UInt8]? {
        let head = Array("m{l=\"".utf8)
        guard line.starts(with: head) else { return nil }
        var value: [UInt8] = []
        var rest = line[head.count...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return rest.elementsEqual("} 1".utf8) ? value : nil
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst() else { return nil }
                value.append(escaped == UInt8(ascii: "n") ? UInt8(ascii: "\n") : escaped)
            default: value.append(byte)
            }
        }
        return nil
    }
}
