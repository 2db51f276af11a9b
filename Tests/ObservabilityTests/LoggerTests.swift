import LinuxIO
import Observability
import TestSupport
import TestTraits
import Testing

@Suite(.tags(.concurrent)) struct LoggerTests {
    private let recorder = LineRecorder()

    private func logger(_ format: Logger.Format, _ level: Logger.Level = .debug) -> Logger {
        Logger(level: level, format: format, now: { Timestamp(seconds: 1, nanoseconds: 2000) }, write: recorder.add)
    }

    @Test func `a line is one JSON object with its fields in order`() {
        logger(.json).info(
            "secret written",
            [
                "secret": "a/b", "keys": 2, "ok": true, "took": .duration(.milliseconds(1500)),
                "list": .strings(["x", "y"]),
            ])
        #expect(
            recorder.lines == [
                #"{"time":"1970-01-01T00:00:01.000002Z","level":"info","message":"secret written","#
                    + #""secret":"a/b","keys":2,"ok":true,"took":1.500000,"list":["x","y"]}"#
            ])
    }

    @Test func `a text line has plain values without quotes`() {
        logger(.text).warning(
            "look", ["path": "/mnt", "reason": "is empty", "none": "", "list": .strings(["a b", "c"])])
        #expect(
            recorder.lines == [
                #"1970-01-01T00:00:01.000002Z WARNING look path=/mnt reason="is empty" none="" list=["a b" c]"#
            ])
    }

    @Test(arguments: Logger.Format.allCases)
    func `a value from outside cannot forge a line or a field`(format: Logger.Format) {
        let value = "x\n{\"level\":\"error\"}\r\u{2028}\u{85}\u{1b}[2J\" forged=\"1"
        logger(format).info("message", ["name": .string(value), "names": .strings([value])])
        let line = recorder.lines.first ?? ""
        #expect(recorder.lines.count == 1)
        #expect(!line.unicodeScalars.contains { $0.properties.generalCategory == .control })
        #expect(!line.unicodeScalars.contains { [0x2028, 0x2029].contains($0.value) })
        // Each quote of the value is escaped, so that it ends nothing.
        #expect(line.contains(#"\" forged=\"1"#))
        #expect(line.contains(#"\n{\"level\":\"error\"}"#))
    }

    @Test func `text that a terminal would reorder is escaped`() {
        #expect(LogValue.string("a\u{202e}b\u{2066}c\u{200f}").json == #""a\u202eb\u2066c\u200f""#)
    }

    @Test(
        "No character that changes the appearance of the text around it is written unescaped",
        arguments: [
            ("\u{61c}", #""\u061c""#), ("\u{200b}", #""\u200b""#), ("\u{206e}", #""\u206e""#),
            ("\u{feff}", #""\ufeff""#), ("\u{e0041}", #""\udb40\udc41""#),
        ])
    func invisible(value: String, quoted: String) {
        #expect(LogValue.string(value).json == quoted)
        #expect(LogValue.string(value).text == quoted)
    }

    @Test func `a long value is truncated without splitting an escape`() {
        let control = String(repeating: "\u{1}", count: 1 << 20)
        for text in [LogValue.string(control).json, LogValue.string(control).text] {
            #expect(text.utf8.count <= 8192 + 5)
            #expect(text.hasSuffix("\\u0001…\""))
        }
        let plain = String(repeating: "x", count: 8193)
        #expect(LogValue.string(plain).text == "\"\(plain.dropLast())…\"")
        #expect(LogValue.string(String(plain.dropLast())).text == plain.dropLast())
        #expect(control.onOneLine(atMost: 80) == String(repeating: "\\u{01}", count: 13) + "…")
        #expect("ab".onOneLine(atMost: 2) == "ab" && "abc".onOneLine(atMost: 2) == "ab…")
    }

    @Test func `the first strings of a long list are written, and the number of the others`() {
        #expect(LogValue.strings((1...1000).map { "\($0)" }).text.hasSuffix(#" 100 "and 900 more"]"#))
        let long = [String](repeating: String(repeating: "\u{1}", count: 253), count: 1000)
        #expect(LogValue.strings(long).json.utf8.count < 3 * 8192)
        #expect(LogValue.strings(long).json.hasSuffix(#","and 994 more"]"#))
    }

    @Test func `lines about one resource are limited; other lines and those of level debug are not`() {
        let limiter = OneLineLimiter()
        let logger = Logger(
            level: .debug, format: .text, limiter: limiter, now: { Timestamp(seconds: 0) }, write: recorder.add)
        for _ in 0..<5 {
            logger.warning("held back", ["distribution": "a/b", "detail": "x"])
            logger.info("secret updated", ["keys": 1, "secret": "a/s"])
            logger.debug("look", ["secret": "a/s"])
            logger.warning("object cannot be read", ["resource": "secrets", "object": "a/o"])
            logger.info("mount changed", ["path": "a"])
        }
        #expect(recorder.count("held back") == 1 && recorder.count("secret updated") == 1)
        #expect(recorder.count("look") == 5 && recorder.count("mount changed") == 5)
        #expect(recorder.count("object cannot be read") == 1)
        logger.reportSuppressed()
        #expect(recorder.lines.suffix(3).map { $0.contains("WARNING log lines suppressed") } == [true, true, true])
        #expect(recorder.contains("object=a/b lines=4") && recorder.contains("object=a/s lines=4"))
    }

    @Test func `text without quotes is also on one line`() {
        #expect("a\nb\u{202e}c\u{e0041}".onOneLine == #"a\nb\u{202E}c\u{000E0041}"#)
        #expect(#"é \n 🙂"#.onOneLine == #"é \n 🙂"#)
    }

    @Test(arguments: [
        ("", #""""#), ("a\"b", #""a\"b""#), (#"a\b"#, #""a\\b""#), ("\t\n\r", #""\t\n\r""#), ("\u{0}", #""\u0000""#),
        ("\u{1f}\u{7f}", #""\u001f\u007f""#), ("é 漢 🙂", "\"é 漢 🙂\""), ("e\u{301}", "\"e\u{301}\""),
        ("\r\n", #""\r\n""#),
    ])
    func `strings are quoted as in JSON`(value: String, quoted: String) {
        #expect(JSONText.quoted(value) == quoted)
    }

    @Test func `on a terminal, time and keys are dimmed, and the level has its own colour`() {
        let logger = Logger(
            level: .debug, format: .text, isColoured: true, now: { Timestamp(seconds: 1) }, write: recorder.add)
        logger.debug("look")
        logger.info("look", ["path": "/mnt", "reason": "is \u{1b}[2Jempty"])
        logger.warning("look")
        logger.error("look")
        let time = "\u{1b}[2m1970-01-01T00:00:01.000000Z\u{1b}[0m"
        #expect(
            recorder.lines == [
                "\(time) \u{1b}[34mDEBUG\u{1b}[0m   look",
                "\(time) \u{1b}[32mINFO\u{1b}[0m    look \u{1b}[2mpath=\u{1b}[0m/mnt"
                    + " \u{1b}[2mreason=\u{1b}[0m\"is \\u001b[2Jempty\"",
                "\(time) \u{1b}[33mWARNING\u{1b}[0m look",
                "\(time) \u{1b}[31mERROR\u{1b}[0m   look",
            ])
    }

    @Test func `JSON has no colours`() {
        Logger(isColoured: true, write: recorder.add).info("look", ["path": "/mnt"])
        #expect(recorder.lines.count == 1 && !recorder.lines.contains { $0.contains("\u{1b}") })
    }

    @Test func `the level goes up and down step by step, between debug and error`() {
        var level = Logger.Level.warning
        var seen: [Logger.Level] = []
        for _ in 1...3 {
            level = level.moreVerbose
            seen.append(level)
        }
        for _ in 1...4 {
            level = level.lessVerbose
            seen.append(level)
        }
        #expect(seen == [.info, .debug, .debug, .info, .warning, .error, .error])
    }

    @Test func `a change of the level is always logged, and a call without a change is not`() {
        let logger = logger(.text, .debug)
        for level in Logger.Level.allCases + Logger.Level.allCases.reversed() { logger.change(level: level) }
        #expect(
            recorder.lines.map { $0.split(separator: " ").suffix(2).joined(separator: " ") } == [
                "old=debug new=info", "old=info new=warning", "old=warning new=error", "old=error new=warning",
                "old=warning new=info", "old=info new=debug",
            ])
        #expect(recorder.lines.allSatisfy { $0.contains("WARNING log level changed") })
        #expect(logger.level == .debug)
    }

    @Test func `lines below the level are not written, and every copy uses the changed level`() {
        let logger = logger(.json, .warning)
        let copy = logger
        copy.info("hidden")
        copy.warning("shown")
        logger.level = .error
        copy.warning("hidden")
        copy.error("shown")
        logger.level = .debug
        copy.debug("shown")
        #expect(recorder.lines.count == 3)
        #expect(recorder.lines.allSatisfy { $0.contains("shown") })
    }

    @Test(arguments: [
        (Duration.milliseconds(12), "0.012000"), (.seconds(3), "3.000000"), (.nanoseconds(999), "0.000000"),
        (.zero - .milliseconds(1500), "-1.500000"), (.zero - .milliseconds(5), "-0.005000"),
    ])
    func `durations are seconds with six decimals`(duration: Duration, text: String) {
        #expect(duration.seconds == text)
    }
}

/// Permits only the first line about a resource.
private final class OneLineLimiter: LogLimiter {
    private let counts = Mutex<[String: Int]>([:])

    func admit(_ resource: String) -> Int? {
        counts.withLock { counts in
            counts[resource, default: 0] += 1
            return counts[resource] == 1 ? 0 : nil
        }
    }

    func drainSuppressed() -> [(resource: String, lines: Int)] {
        counts.withLock { counts in counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value - 1) } }
    }
}
