import Snapshots
import Testing

@testable import Formats

struct TemplateTextTests {
    private func render(
        _ text: String, _ values: [String: String] = [:], maximumSize: Int = 1000
    ) throws(FormError) -> String {
        try TemplateText(text).render(maximumSize: maximumSize) { SecretBytes((values[$0] ?? "").utf8) }.text
    }

    private func problem(_ body: () throws(FormError) -> String) -> String? {
        failure { () throws(FormError) in _ = try body() }
    }

    @Test(arguments: [
        ("", ""), ("a", "a"), ("${a}", "A b\n"), ("x${a}y${b}z${a}", "xA b\nyB/é\"zA b\n"), ("$$", "$"),
        ("$$${b}$$$$", "$B/é\"$$"), ("$${a}", "${a}"), ("{}|}", "{}|}"), ("é\n", "é\n"), ("${none}", ""),
        ("${a|trim}", "A b"), ("${b|url}", "B%2F%C3%A9%22"), ("${b|json}", "B/é\\\""), ("${a|json}", #"A b\n"#),
        ("${a|base64}", "QSBiCg=="), ("${a|trim|base64}", "QSBi"), ("${a|base64|url}", "QSBiCg%3D%3D"),
        ("${_.-9}", "9"),
    ])
    func `values take the place of variables`(text: String, expected: String) throws {
        #expect(try render(text, ["a": "A b\n", "b": "B/é\"", "_.-9": "9"]) == expected)
    }

    @Test func `only unreserved characters of a URL are not encoded`() throws {
        let unreserved = "ABCXYZabcxyz0189-._~"
        #expect(try render("${a|url}", ["a": unreserved]) == unreserved)
        let others = (0...127).map { Character(Unicode.Scalar($0)) }
            .filter { !$0.isLetter && !$0.isNumber && !"-._~".contains($0) }
        for character in others {
            let hex = String(character.utf8.first ?? 0, radix: 16, uppercase: true)
            #expect(try render("${a|url}", ["a": String(character)]) == "%" + (hex.count == 1 ? "0" : "") + hex)
        }
    }

    @Test func `a value is inside a JSON string`() throws {
        let value = (0...127).map { String(Unicode.Scalar($0)) }.joined() + "é😀\u{2028}"
        let json = try render(#"{"a":"${a|json}"}"#, ["a": value])
        let read = try read(json.utf8) { (json) throws(FormError) in try JSONDocument(json) }
        #expect(try read.value(at: JSONPointer("/a"))?.text == value)
    }

    @Test func `the variables are in the order of their first use`() throws {
        #expect(try TemplateText("${b}${a|url} ${b|trim}${c}").names == ["b", "a", "c"])
        #expect(try TemplateText("$${a}").names == [])
    }

    @Test func `templates are equal if their bytes are`() throws {
        #expect(try TemplateText("é${a}") == TemplateText("é${a}"))
        #expect(try TemplateText("\u{e9}") != TemplateText("e\u{301}"))
        #expect(try TemplateText("${a}") != TemplateText("${a|trim}"))
        #expect(try TemplateText("${a}") != TemplateText("$${a}"))
        #expect(try Set([TemplateText("\u{e9}"), TemplateText("e\u{301}")]).count == 2)
    }

    @Test(arguments: [
        ("a$", #"has "$" at line 1, column 2, expected "${NAME}", or "$$" for a dollar sign"#),
        ("é\n😀é$b", #"has "$" at line 2, column 3, expected "${NAME}", or "$$" for a dollar sign"#),
        ("$$$", #"has "$" at line 1, column 3, expected "${NAME}", or "$$" for a dollar sign"#),
        ("$\u{301}{a}", #"has "$" at line 1, column 1, expected "${NAME}", or "$$" for a dollar sign"#),
        ("x${a", #"has "${" at line 1, column 2, expected "|" or "}" after the name at line 1, column 5"#),
        ("${a b}", #"has "${" at line 1, column 1, expected "|" or "}" after the name at line 1, column 4"#),
        ("${a|url", #"has "${" at line 1, column 1, expected "|" or "}" after the name at line 1, column 8"#),
        ("${a|hex}", #"has the unknown filter "hex" at line 1, column 5, expected one of url, json, base64, trim"#),
        ("${a|}", #"has the unknown filter "" at line 1, column 5, expected one of url, json, base64, trim"#),
        (
            "${a|trim|URL}",
            #"has the unknown filter "URL" at line 1, column 10, expected one of url, json, base64, trim"#
        ),
    ])
    func `a text that is not valid is rejected with the place`(text: String, problem: String) {
        #expect(self.problem { () throws(FormError) in try render(text) } == problem)
    }

    @Test(arguments: [
        "${}", "${ a}", "${1a}", "${-a}", "${é}", "${", "${|url}", "${" + String(repeating: "a", count: 64) + "}",
    ])
    func `an invalid name is rejected`(text: String) {
        let found = problem { () throws(FormError) in try render("\n \(text)") }
        #expect(found?.starts(with: "has no valid name at line 2, column 4, expected at most 63 letters") == true)
    }

    @Test func `a long filter is not quoted in full`() throws {
        let text = "${a|" + String(repeating: "x", count: 10_000) + "}"
        let found = try #require(problem { () throws(FormError) in try render(text) })
        #expect(found.utf8.count < 300)
    }

    @Test func `a value that is not UTF-8 cannot be inside a JSON string`() throws {
        let template = try TemplateText("${a|json}")
        let found = failure { () throws(FormError) in
            _ = try template.render(maximumSize: 10) { _ in SecretBytes([0xff]) }
        }
        #expect(found == #"cannot insert the variable "a" with the filter json: its value is not UTF-8"#)
        let others = try TemplateText("${a}${a|url}${a|base64}").render(maximumSize: 20) { _ in SecretBytes([0xff]) }
        #expect(others.array == [0xff] + Array("%FF/w==".utf8))
    }

    @Test(arguments: [
        ("12345", 5), ("$$2345", 5), ("${a}345", 5), ("${a|trim}", 2), ("${a|url}", 2), ("${a|base64}", 4),
        ("${b|trim}", 1), ("", 0),
    ])
    func `a result has at most the maximum size`(text: String, size: Int) throws {
        let values = ["a": "12", "b": "     1     "]
        #expect(try render(text, values, maximumSize: size).utf8.count == size)
        guard size > 0 else { return }
        let found = problem { () throws(FormError) in try render(text, values, maximumSize: size - 1) }
        #expect(found == "is larger than \(size - 1) bytes with its values")
    }

    @Test(arguments: ["${a}", "${a|url}", "${a|base64|base64}", "${a|json|json|json|json|json|json|json|json}"])
    func `a large value that is used many times ends at the maximum size`(use: String) throws {
        let template = try TemplateText(String(repeating: use, count: 10_000))
        let quotes = SecretBytes([UInt8](repeating: UInt8(ascii: "\""), count: 1 << 16))
        var uses = 0
        let found = failure { () throws(FormError) in
            _ = try template.render(maximumSize: 1 << 16) { _ in
                uses += 1
                return quotes
            }
        }
        #expect(found == "is larger than 65536 bytes with its values")
        #expect(uses <= 2)
    }

    @Test(arguments: [("a ${b}\n\n é${c|url}", "c", "line 3, column 3"), ("$${c}${c}", "c", "line 1, column 6")])
    func `the first use of a variable has a place`(text: String, name: String, place: String) throws {
        #expect(try TemplateText(text).place(of: name) == place)
    }

    @Test func `filters that make large values small end too`() throws {
        let template = try TemplateText(String(repeating: "${a|trim}", count: 10_000))
        let blanks = SecretBytes([UInt8](repeating: UInt8(ascii: " "), count: 1 << 16))
        // As if other templates of the same target had used most of the limit.
        var filterInput = TemplateText.mostFilterInput - (3 << 16)
        let found = failure { () throws(FormError) in
            _ = try template.render(maximumSize: 1 << 16, filterInput: &filterInput) { _ in blanks }
        }
        #expect(found == "applies filters to more than 16777216 bytes of values")
    }
}
