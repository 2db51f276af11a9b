import TestTraits
import Testing

@testable import YAML

@Suite(.tags(.unsafeMemory)) struct YAMLEmitterTests {
    private func emit(_ value: YAMLValue) throws -> String {
        String(decoding: try YAMLEmitter.emit(value), as: UTF8.self)
    }

    @Test("A Secret looks as if a person wrote it")
    func manifest() throws {
        let manifest: YAMLValue = [
            "apiVersion": "v1", "kind": "Secret",
            "metadata": [
                "name": "wildcard-tls-secret",
                "annotations": ["xlscsde.nhs.uk/distribution": "a/b", "xlscsde.nhs.uk/managedBy": "true"],
            ],
            "type": "kubernetes.io/tls", "data": ["tls.crt": "LS0tLS1CRUdJTg==", "tls.key": ""],
            "list": [1, true, nil, [:], ["a": 1]],
        ]
        #expect(
            try emit(manifest) == """
                apiVersion: v1
                kind: Secret
                metadata:
                  name: wildcard-tls-secret
                  annotations:
                    xlscsde.nhs.uk/distribution: a/b
                    xlscsde.nhs.uk/managedBy: "true"
                type: kubernetes.io/tls
                data:
                  tls.crt: LS0tLS1CRUdJTg==
                  tls.key: ""
                list:
                - 1
                - true
                - null
                - {}
                - a: 1

                """)
    }

    @Test(
        "A string is written so that it is read as the same string",
        arguments: [
            "", " ", "a", "true", "y", "NO", "null", "~", "1", "0x1", "1e3", "1:30", "2020-01-01", ".5", "-", "- a",
            "a: b",
            "a #b", "#", "&a", "*a", "!x", "%", "@", "`", "'", "\"", "\\", "\n", "two\nlines\n", "\r\n", "\t", "\0",
            "\u{1B}[0m",
            "\u{85}", "\u{2028}", "\u{FEFF}", "é", "🔑", "=", "<<", "...", "---", "a/b", " a ", "a\u{301}", "\u{FFFF}",
            String(repeating: "long ", count: 200), String(repeating: "k", count: 2000),
        ])
    func roundTrip(text: String) throws {
        let value = YAMLValue.mapping([.init(text, .sequence([.string(text), .mapping([.init("k", .string(text))])]))])
        let document = try #require(try YAMLParser.documents(in: try YAMLEmitter.emit(value)).first)
        let list = try #require(document[text])
        // Compared by bytes: for `==`, strings with different forms of accents are equal.
        #expect(list[0]?.string.map { Array($0.utf8) } == Array(text.utf8))
        #expect(list[1]?["k"]?.string.map { Array($0.utf8) } == Array(text.utf8))
    }

    @Test("Any string is the same after writing and reading it", arguments: 0..<4 as Range<UInt64>)
    func randomRoundTrip(seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        for _ in 0..<200 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                let limit: UInt32 = Bool.random(using: &random) ? 0x7F : 0x10FFFF
                if let scalar = Unicode.Scalar(UInt32.random(in: 0...limit, using: &random)) { text.append(scalar) }
            }
            let bytes = try YAMLEmitter.emit(.string(String(text)))
            let read = try #require(try YAMLParser.documents(in: bytes).first?.string)
            #expect(Array(read.utf8) == Array(String(text).utf8))
        }
    }

    @Test("A block literal is written as such if it can be; a plain scalar as it is")
    func literal() throws {
        let value: YAMLValue = ["a": .literal("x: 1\n# y\n"), "b": .literal("trailing \nspace"), "c": .plain("0640")]
        #expect(try emit(value) == "a: |\n  x: 1\n  # y\nb: \"trailing \\nspace\"\nc: 0640\n")
    }

    @Test("A tree that was read is written with the same values")
    func again() throws {
        let text = "a: |\n  x\n  y\nb: 0640\nc: 1.50\nd: true\ne: null\nf: \"5\"\ng:\n- {}\n- h: i\n"
        let documents = try YAMLParser.documents(in: Array(text.utf8))
        #expect(try documents.map { try emit($0.value) } == [text])
        let same = try YAMLParser.documents(in: Array("!!str 5".utf8)).map(\.value)
        #expect(same == [.string("5")])
    }

    @Test("Only a block literal is marked as one")
    func isLiteral() throws {
        let node = try YAMLParser.documents(in: Array("- |\n  a\n- >\n  a\n- \"a\\n\"\n- a\n- [a]\n".utf8))[0]
        #expect((0..<5).map { node[$0]?.isLiteral } == [true, false, false, false, false])
        #expect(node[0]?.line == 1)
    }
}
