import FoundationEssentials
import Kube
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
    func `what was sent is left out, and the rest stays`(message: String, text: String) {
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
        (#"admission webhook "hunter2.example.com" denied the request: "#, "hunter2 is bad"),
        (
            #"secrets "hunter2" is forbidden: ValidatingAdmissionPolicy 'hunter2' with binding 'hunter2' denied request: "#,
            "hunter2"
        ),
        (#"Internal error occurred: failed calling webhook "hunter2": "#, "hunter2"),
    ])
    func `the server's own words on who refused stay`(frame: String, reason: String) {
        let text = redact(frame + reason, hiding: "hunter2")
        #expect(text.hasPrefix(frame) && text.utf8.count < frame.utf8.count + 15)
        let blind = Redactor(hiding: nil).redact(frame + "hunter3")
        #expect(!blind.contains("hunter3"))
        #expect(blind.contains("left out") && blind.hasPrefix(frame.dropLast(2)))
    }

    @Test(arguments: [
        #"admission webhook "a" said: hunter2 denied the request"#,
        #"admission webhook "a hunter2" b" denied the request"#, "hunter2 admission webhook \"a\" denied the request",
        #"x hunter2 "y" is forbidden: admission webhook "a" denied the request"#,
    ])
    func `nothing else passes for them`(message: String) {
        #expect(!redact(message, hiding: "hunter2").contains("hunter2"))
    }

    @Test func `the lines that mark PEM are no secret`() {
        let value = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUabc\n-----END CERTIFICATE-----\n"
        #expect(redact("the certificate has expired: MIIBszCCAVmg", hiding: value) == "the certificate has expired: …")
    }

    @Test func `a message is one line of bounded length`() {
        let text = redact("a\n\u{1}b" + String(repeating: "é", count: 10_000), hiding: "hunter2")
        #expect(text.hasPrefix("a  bé") && text.count == 1001)
    }

    /// Whatever a message does to a value: no part of it of `shortest` bytes is left that stands there by more than chance.
    @Test func `no value leaks, however it is quoted`() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("abcXYZ0189 \"\\/<>&%+='\n\t:-_é€😀")
        for _ in 0..<30 {
            let value = String((0..<Int.random(in: 6...60)).map { _ in alphabet.randomElement(using: &random) ?? "a" })
            let bytes = Array(value.utf8)
            let part = String(value.dropFirst(Int.random(in: 0...5)).prefix(Int.random(in: 6...60)))
            for quoted in forms(of: part) + forms(of: value) {
                let redactor = Redactor(hiding: [bytes, Array("other value".utf8)])
                for text in [quoted, "it is \(quoted), no", "x\(quoted)x"].map(redactor.redact) {
                    for form in forms(of: value) where isShown(form, in: text) {
                        Issue.record(
                            "a part of a value is shown: \(form.utf8.count) bytes in a text of \(text.utf8.count)")
                        return
                    }
                }
            }
        }
    }

    private func isShown(_ form: String, in text: String) -> Bool {
        let (form, text) = (Array(form.utf8), Array(text.utf8))
        // Escapes are longer than what they stand for.
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
        return [
            value, value.uppercased(), json, goJSON, go, url, value.replacing(" ", with: "+"), html, twice, hex, base64,
            base64.replacing("+", with: "-").replacing("/", with: "_"),
            Data("user:\(value)".utf8).base64EncodedString(),
        ]
    }
}
