import FoundationEssentials
import TestTraits
import Testing

@testable import YAML

@Suite(.tags(.unsafeMemory)) struct YAMLParserTests {
    private func documents(_ text: String) throws(YAMLError) -> [YAMLNode] {
        try YAMLParser.documents(in: Array(text.utf8))
    }

    private func json(_ text: String) throws -> String {
        try documents(text).map { String(decoding: $0.json(), as: UTF8.self) }.joined(separator: "\n")
    }

    @Test("A resource is decoded as if it came from the API server")
    func decodes() throws {
        struct Resource: Decodable, Equatable {
            struct Spec: Decodable, Equatable { var name: String, secrets: [[String: String]], keep: Bool, count: Int }
            var kind: String, spec: Spec
        }
        let text = """
            # a comment
            kind: SecretsDistribution
            spec:
              name: "caf\\u00e9 \\"quoted\\" \\\\ \\t\\x01 ü 🔑"
              keep: yes
              count: 3
              secrets:
              - {from: certs/tls.crt, to: tls.crt}
              - from: b
                to: '2'
            """
        let bytes = try #require(try documents(text).first).json()
        let resource = try JSONDecoder().decode(Resource.self, from: Data(bytes))
        #expect(resource.spec.name == "caf\u{e9} \"quoted\" \\ \t\u{1} ü 🔑")
        #expect(resource.spec.secrets == [["from": "certs/tls.crt", "to": "tls.crt"], ["from": "b", "to": "2"]])
        #expect(resource.spec.keep && resource.spec.count == 3 && resource.kind == "SecretsDistribution")
    }

    @Test("Documents are separated, and empty ones are skipped")
    func several() throws {
        #expect(try json("---\n# none\n---\na: 1\n---\n---\nb: 2\n...\n---\n") == "{\"a\":1}\n{\"b\":2}")
        #expect(try json("").isEmpty)
        #expect(try json("''") == "\"\"")
    }

    @Test("Windows line ends and a byte order mark have no effect")
    func otherEditors() throws {
        #expect(
            try json("\u{FEFF}a: 1\r\nb:\r\n- x\r\n---\r\nc: |\r\n  two\r\n  lines\r\n") == """
                {"a":1,"b":["x"]}
                {"c":"two\\u000alines\\u000a"}
                """)
        let utf16: [UInt8] = [0xFF, 0xFE] + "a: ü".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        #expect(try YAMLParser.documents(in: utf16).first?["a"]?.string == "ü")
    }

    @Test("A path gives the line of its key, or of the last step that exists")
    func lines() throws {
        let text = "kind: X\nspec:\n  name: a\n  secrets:\n  - from: f\n    to: t\n  -\n    from: g\n---\n\nk: 1\n"
        let all = try documents(text)
        let node = try #require(all.first)
        let expected: [([PathKey], Int)] = [
            ([], 1), (["spec"], 2), (["spec", "name"], 3), (["spec", "secrets"], 4), (["spec", "secrets", 0], 5),
            (["spec", "secrets", 0, "to"], 6), (["spec", "secrets", 1], 8), (["spec", "secrets", 1, "from"], 8),
            (["spec", "secrets", 1, "to"], 8), (["spec", "secrets", 7], 4), (["spec", "type"], 2), (["none"], 1),
            (["kind", 0], 1),
        ]
        for (path, line) in expected { #expect(node.line(of: path) == line, "\(path)") }
        #expect(all.last?.line(of: ["k"]) == 11)
    }

    @Test("Anchors, aliases and merge keys are expanded, and the mapping's own keys take precedence")
    func aliases() throws {
        #expect(try json("a: &x [1, {b: 2}]\nc: *x\n") == "{\"a\":[1,{\"b\":2}],\"c\":[1,{\"b\":2}]}")
        #expect(
            try json("x: &x {a: 1, b: 2}\nz: {<<: *x, b: 3}\n") == "{\"x\":{\"a\":1,\"b\":2},\"z\":{\"b\":3,\"a\":1}}")
        #expect(try json("<<: [{a: 1}, {a: 2, c: 3}]\n") == "{\"a\":1,\"c\":3}")
    }

    @Test(
        "An error names its place and its cause, and nothing of the content",
        arguments: [
            ("a: 1\n\tb: s3cret\n", "line 2, column 1: found a tab character that violates indentation"),
            ("a: [s3cret\nb: 1\n", "line 2, column 2: did not find expected ',' or ']'"),
            ("a: 's3cret\n", "line 2, column 1: found unexpected end of stream"),
            ("a: s3cret\nb: \u{1}\n", "line 2, column 4: control characters are not allowed"),
            ("s3cret: 1\nb: 2\ns3cret: 3\n", "line 3, column 1: the key already exists, on line 1"),
            ("1: s3cret\n0x1: a\n", "line 2, column 1: the key already exists, on line 1"),
            ("? [s3cret]\n: 1\n", "line 1, column 3: a key must be a string, a number or a boolean"),
            ("~: s3cret\n", "line 1, column 1: a key must be a string, a number or a boolean"),
            ("a: *s3cret\n", "line 1, column 4: the alias has no anchor before it"),
            ("a: &s3cret [*s3cret]\n", "line 1, column 13: the alias has no anchor before it"),
            ("a: 1\n<<: s3cret\n", "line 2, column 1: \(YAMLError(.unusableMerge, line: 0, column: 0))"),
            ("%TAG ! s3cret\n", "line 2, column 1: did not find expected <document start>"),
        ])
    func errors(text: String, expected: String) {
        let error = YAMLParser.parse(Array(text.utf8)).errors.first
        #expect(error?.description == expected)
        #expect(error?.description.contains("s3cret") == false)
    }

    @Test("An error affects only its own document")
    func goesOn() {
        let text = "a: 1\n---\nb: [\n---\nc: 3\n---\nd: 1\nd: 2\n---\n- @\n---\ne: 5\n"
        let stream = YAMLParser.parse(Array(text.utf8))
        #expect(stream.documents.map(\.line) == [1, 5, 12])
        #expect(stream.errors.map(\.line) == [4, 8, 10])
        let first = #expect(throws: YAMLError.self) { try YAMLParser.documents(in: Array(text.utf8)) }
        #expect(first == stream.errors.first)
    }
}
