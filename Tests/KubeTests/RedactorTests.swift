import FoundationEssentials
import JSON
import Kube
import TestSupport
import Testing

struct RedactorTests {
    private func redact(_ message: String, hiding values: String...) -> String {
        Redactor(hiding: values.map { Array($0.utf8) }).redact(message)
    }

    @Test(arguments: [
        (
            #"Secret "x" is invalid: data[a]: Invalid value: "hunter2": no"#,
            #"Secret "x" is invalid: data[a]: Invalid value: "…": no"#
        ),
        ("HUNTER2 is too short, aHVudGVyMg== too", "… is too short, …== too"),
        ("nothing of it", "nothing of it"), ("68756e74657232", "…"), ("hunter2hunter2", "…"),
        ("user:hunter2 in base64: dXNlcjpodW50ZXIy", "user:… in base64: dXNlcjp…"),
    ])
    func `sent values are omitted, and the rest is kept`(message: String, text: String) {
        #expect(redact(message, hiding: "hunter2") == text)
    }

    @Test(arguments: [
        ("abc", "no abc, but abcd", "no …, but abcd"), ("a", "a: it is a b", "…: it is … b"),
        ("true", "must be true", "must be …"), ("a", "aha", "aha"), ("", "a", "a"), ("\n", "a b", "a b"),
        ("ab", #"is "ab" or YWI="#, #"is "…" or …="#), ("ab", #"x\nab"#, #"x\n…"#),
    ])
    func `a short value is found as a word`(value: String, message: String, text: String) {
        #expect(redact(message, hiding: value) == text)
    }

    @Test(arguments: [
        "[104 117 110 116 101 114 50]", "[104,117,110,116,101,114,50]",
        "[\n  104,\n  117,\n  110,\n  116,\n  101,\n  114,\n  50\n]",
        #"\"[\n104,\n117,\n110,\n116,\n101,\n114,\n50]\""#, "[]byte{0x68, 0x75, 0x6e, 0x74, 0x65, 0x72, 0x32}",
        "68:75:6e:74:65:72:32", "68-75-6E-74-65-72-32", "6875:6e74:6572:32",
        "%5B104%2C117%2C110%2C116%2C101%2C114%2C50%5D",
        "0x68 0x75 0x6E 0x74 0x65 0x72 0x32", "- 104\n- 117\n- 110\n- 116\n- 101\n- 114\n- 50",
    ])
    func `bytes that are written as numbers are omitted`(quoted: String) {
        for text in [quoted, "it is \(quoted), no"].map({ redact($0, hiding: "hunter2") }) {
            for number in ["104", "117", "68", "75", "6e", "32", "50"] { #expect(!text.contains(number)) }
            #expect(text.contains("…"))
        }
    }

    @Test(arguments: [
        ("é€é€", "it is [-61, -87, -30, -126, -84, -61, -87, -30, -126, -84].", "it is […]."),
        ("h\tunter\n2", "it is [104 9 117 110 116 101 114 10 50].", "it is […]."),
        ("ab", "[97 98] and [97 98 99]", "[…] and [97 98 99]"), ("abcd", "[96 97 98 99 100 101]", "[96 …101]"),
        ("hunter2", "dial tcp 10.96.0.1:443, 2026-11-29, status 104", "dial tcp 10.96.0.1:443, 2026-11-29, status 104"),
        ("hunter2", "[104 117 110 116 101 256 114 50]", "[104 117 110 116 101 256 114 50]"),
        ("\u{0}\u{9}\u{1}hunter", "{0x0, 0x9, 0x1, 0x68, 0x75, 0x6e, 0x74, 0x65, 0x72}", "{0x0, 0x9, 0x1, …}"),
    ])
    func `numbers that are not bytes of a value are kept`(value: String, message: String, text: String) {
        #expect(redact(message, hiding: value) == text)
    }

    @Test func `a message with more layers of escapes than are decoded is omitted`() {
        let message = #"hunter3 \\\\n %2525 %25 + &amp;amp; 104 117"#
        #expect(redact(message, hiding: "hunter2") == "(the server's message is omitted because it may quote a value)")
        let frame = #"admission webhook "w" denied the request"#
        #expect(
            redact("\(frame): \(message)", hiding: "hunter2")
                == "\(frame) (the reason is omitted because it may quote a value)")
    }

    @Test func `a message that is too large to compare is not shown`() {
        let frame = #"admission webhook "w" denied the request"#
        let value = [UInt8](repeating: 0x41, count: Redactor.most)
        #expect(Redactor(hiding: [value]).redact("\(frame): no") == "\(frame): no")
        let redactor = Redactor(hiding: [value, Array("hunter2".utf8)])
        #expect(redactor.redact("\(frame): hunter2") == "\(frame) (the reason is omitted because it may quote a value)")
        #expect(!redactor.redact("hunter2").contains("hunter2"))
    }

    /// Each of the 100,000 bytes of the value is at each position of the message.
    @Test func `repetitive values and messages are compared in linear time`() {
        let zeros = [UInt8](repeating: 0, count: 100 * 1024)
        let text = String(repeating: "A", count: 4096)
        #expect(Redactor(hiding: [zeros]).redact(text) == "…")
        #expect(Redactor(hiding: [zeros.map { _ in 0x41 }]).redact(text) == "…")
        let short = (0..<10_000).map { Array(String($0).utf8) }
        #expect(Redactor(hiding: short).redact(text) == String(repeating: "A", count: 1000) + "…")
    }

    @Test(arguments: [
        (#"admission webhook "hunter2.example.com" denied the request: "#, "hunter2 is bad"),
        (
            #"secrets "hunter2" is forbidden: ValidatingAdmissionPolicy 'hunter2' with binding 'hunter2' denied request: "#,
            "hunter2"
        ),
        (#"Internal error occurred: failed calling webhook "hunter2": "#, "hunter2"),
    ])
    func `the server's own text about who rejected the request is kept`(frame: String, reason: String) {
        let text = redact(frame + reason, hiding: "hunter2")
        #expect(text.hasPrefix(frame) && text.utf8.count < frame.utf8.count + 15)
        let blind = Redactor(hiding: nil).redact(frame + "hunter3")
        #expect(!blind.contains("hunter3"))
        #expect(blind.contains("omitted") && blind.hasPrefix(frame.dropLast(2)))
    }

    @Test(arguments: [
        #"admission webhook "a" said: hunter2 denied the request"#,
        #"admission webhook "a hunter2" b" denied the request"#, "hunter2 admission webhook \"a\" denied the request",
        #"x hunter2 "y" is forbidden: admission webhook "a" denied the request"#,
    ])
    func `no other text is treated as the server's own`(message: String) {
        #expect(!redact(message, hiding: "hunter2").contains("hunter2"))
    }

    @Test func `the lines that mark PEM are not secret`() {
        let value = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUabc\n-----END CERTIFICATE-----\n"
        #expect(redact("the certificate has expired: MIIBszCCAVmg", hiding: value) == "the certificate has expired: …")
    }

    @Test func `a message is one line of bounded length`() {
        let text = redact("a\n\u{1}b" + String(repeating: "é", count: 10_000), hiding: "hunter2")
        #expect(text.hasPrefix("a  bé") && text.count == 1001)
    }

    /// Whatever a message does to a value, it contains no part of it of `shortest` bytes, except by chance. White space
    /// is ignored.
    @Test(arguments: 1...2 as ClosedRange<UInt64>)
    func `no value leaks, however it is quoted`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("abcXYZ0189 \"\\/<>&%+='\n\t:-_é€😀")
        for _ in 0..<30 {
            let length = Int.random(in: 6...60, using: &random)
            let value = String((0..<length).map { _ in alphabet.randomElement(using: &random) ?? "a" })
            let bytes = Array(value.utf8)
            let start = Int.random(in: 0...5, using: &random)
            let part = String(value.dropFirst(start).prefix(Int.random(in: 6...60, using: &random)))
            let isLong = part.utf8.count { $0 > 0x20 } >= Redactor.shortest
            for quoted in (isLong ? forms(of: part) : []) + forms(of: value) {
                let redactor = Redactor(hiding: [bytes, Array("other value".utf8)])
                for text in [quoted, "it is \(quoted), no", "x\(quoted)x"].map(redactor.redact) {
                    for form in forms(of: value) where isShown(form, in: text) {
                        Issue.record(
                            "a part of a value leaked: \(form.utf8.count) bytes in a text of \(text.utf8.count)")
                        return
                    }
                }
            }
        }
    }

    private func isShown(_ form: String, in text: String) -> Bool {
        let (form, text) = (Array(form.utf8), Array(text.utf8))
        // Escapes are longer than the characters that they represent.
        let length = 6 * Redactor.shortest
        guard form.count >= length, text.count >= length else { return false }
        let parts = Set((0...(form.count - length)).map { Array(form[$0..<($0 + length)]) })
        return (0...(text.count - length)).contains { parts.contains(Array(text[$0..<($0 + length)])) }
    }

    private func forms(of value: String) -> [String] {
        let json = String(decoding: JSONValue.string(value).encoded(), as: UTF8.self)
        let goJSON = json.replacing("<", with: "\\u003c").replacing(">", with: "\\u003e").replacing(
            "&", with: "\\u0026")
        let go = value.unicodeScalars.map { scalar in
            switch scalar {
            case "\n": "\\n"
            case "\t": "\\t"
            case "\"", "\\": "\\\(scalar)"
            case _ where scalar.value > 0xffff:
                "\\U" + String(repeating: "0", count: 8 - String(scalar.value, radix: 16).count)
                    + String(scalar.value, radix: 16)
            case _ where scalar.value > 0x7e:
                "\\u" + String(repeating: "0", count: 4 - String(scalar.value, radix: 16).count)
                    + String(scalar.value, radix: 16)
            default: String(scalar)
            }
        }.joined()
        let url = value.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
        let html = value.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&#34;")
        let twice = String(decoding: JSONValue.string(json).encoded(), as: UTF8.self)
        let hex = value.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let base64 = Data(value.utf8).base64EncodedString()
        return numbers(Array(value.utf8)) + [
            value, value.uppercased(), json, goJSON, go, url, value.replacing(" ", with: "+"), html, twice, hex, base64,
            base64.replacing("+", with: "-").replacing("/", with: "_"),
            Data("user:\(value)".utf8).base64EncodedString(),
        ]
    }

    private func numbers(_ bytes: [UInt8]) -> [String] {
        let decimals = bytes.map { String($0) }
        let signed = bytes.map { String(Int8(bitPattern: $0)) }
        let digits = bytes.map { String($0, radix: 16) }
        let pairs = digits.map { $0.count < 2 ? "0\($0)" : $0 }
        let go = digits.map { "0x\($0)" }.joined(separator: ", ")
        return [
            "[\(decimals.joined(separator: " "))]", "[\(decimals.joined(separator: ","))]",
            "[\(signed.joined(separator: ", "))]", "[]byte{\(go)}", pairs.joined(separator: ":"),
            pairs.joined(separator: "-").uppercased(),
        ]
    }
}
