import DistributionSupport
import JSON
import Testing

@testable import Distribution

@Suite("The fields that derive values")
struct ValueDecodingTests {
    private func distribution(_ spec: String, type: String = "Opaque") throws -> SecretsDistribution {
        try Manifest.with(spec: #"{"name":"s","type":"\#(type)",\#(spec)}"#)
    }

    @Test("are read, with all files that they name")
    func files() throws {
        let distribution = try distribution(
            #"""
            "secrets":[{"to":"a","from":"f","decode":"Hex","pointer":"/x","extract":"PrivateKey","passwordFrom":"p",
            "trim":"Newline"},{"to":"b","template":"${v}","with":[{"name":"v","from":"g"}],"optional":false},
            {"to":"c","value":"x"}],
            "dataFrom":[{"from":"h","format":"JSON","decode":"Base64URL","pointer":"/y"},
            {"folder":"d/","include":["*.crt"],"exclude":["x*"],"rename":{"trimPrefix":"a","prefix":"b",
            "replace":[{"from":".","to":"_"}]}}]
            """#)
        #expect(distribution.complaints == [])
        #expect(distribution.spec.files.map(\.text) == ["f", "p", "g", "h"])
        #expect(distribution.spec.folders == ["d"])
        #expect(distribution.spec.dataFrom.last?.rename?.apply("a.b.c") == "b_b_c")
    }

    @Test(
        "must fit together: each problem names its field and what was expected",
        arguments: [
            (
                #""secrets":[{"to":"a"}]"#,
                #"spec.secrets[0].from is missing, expected it or "template" or "value" or "generate""#
            ),
            (
                #""secrets":[{"to":"a","from":"f","value":"x"}]"#,
                #"spec.secrets[0].value is set beside "from", expected only one of from, template, value, generate"#
            ),
            (
                #""secrets":[{"to":"a","value":"x","pointer":"/a"}]"#,
                #"spec.secrets[0].pointer is set without "from", which it applies to"#
            ),
            (
                #""secrets":[{"to":"a","template":"x","optional":true}]"#,
                #"spec.secrets[0].optional is set without "from", which it applies to"#
            ),
            (
                #""secrets":[{"to":"a","from":"f","with":[]}]"#,
                #"spec.secrets[0].with is set without "template", whose variables it defines"#
            ),
            (
                #""secrets":[{"to":"a","from":"f","passwordFrom":"p"}]"#,
                #"spec.secrets[0].passwordFrom is set without "extract", expected Certificates, PrivateKey or CACertificates there"#
            ),
            (
                #""secrets":[{"to":"ca.crt","from":"f","extract":"PrivateKey"}]"#,
                #"spec.secrets[0].extract is "PrivateKey", but ca.crt must not hold a private key"#
            ),
            (
                #""secrets":[{"to":"a","template":"${x}","with":[{"name":"y","value":""}]}]"#,
                #"spec.secrets[0].template uses the variable "x" at line 1, column 1, which "with" does not define"#
            ),
            (
                #""secrets":[{"to":"a","template":"x","with":[{"name":"y","value":""},{"name":"y","from":"f"}]}]"#,
                #"spec.secrets[0].with[1].name is "y", which another variable already has; expected each name once"#
            ),
            (
                #""secrets":[{"to":"a","template":"x","with":[{"name":"y"}]}]"#,
                #"spec.secrets[0].with[0].from is missing, expected it or "value""#
            ),
            (
                #""dataFrom":[{"from":"f","format":"JSON","rename":{"prefix":"\#(String(repeating: "p", count: 254))"}}]"#,
                "spec.dataFrom[0].rename.prefix is 254 bytes long, expected at most 253"
            ),
            (#""dataFrom":[{}]"#, #"spec.dataFrom[0].from is missing, expected it or "folder""#),
            (
                #""dataFrom":[{"from":"f"}]"#,
                #"spec.dataFrom[0].format is missing, expected "JSON" or "Dotenv" or "Properties""#
            ),
            (
                #""dataFrom":[{"folder":"d","pointer":"/a"}]"#,
                #"spec.dataFrom[0].pointer is set without "from", which it applies to"#
            ),
            (
                #""dataFrom":[{"from":"f","format":"JSON","include":["a"]}]"#,
                #"spec.dataFrom[0].include is set without "folder", whose files it selects"#
            ),
            (
                #""dataFrom":[{"folder":"../x"}]"#,
                #"spec.dataFrom[0].folder is "../x", which leads out of a folder; expected a path without "..""#
            ),
            (
                #""dataFrom":[{"folder":"d","rename":{"replace":[{"from":"","to":"a"}]}}]"#,
                #"spec.dataFrom[0].rename.replace[0].from is empty, expected the text to replace"#
            ),
            (#""dataFrom":[]"#, "spec.dataFrom is empty, expected at least one source"),
            (
                #""dataFrom":[\#((0...10).map { #"{"folder":"d\#($0)"}"# }.joined(separator: ","))]"#,
                "spec.dataFrom has 11 folders, expected at most 10"
            ),
            (#""secrets":null"#, "spec.secrets is missing, expected a list"),
        ])
    func problems(spec: String, problem: String) throws {
        #expect(try distribution(spec).complaints == [problem])
    }

    @Test("name the place in a pointer, a template and an encoding")
    func syntax() throws {
        for (entry, start) in [
            (#""from":"f","pointer":"a""#, "spec.secrets[0].pointer is not a JSON Pointer"),
            (#""template":"a $ b","with":[]"#, "spec.secrets[0].template has \"$\" at line 1, column 3"),
            (#""from":"f","decode":"base64""#, "spec.secrets[0].decode is \"base64\", expected \"Base64\""),
        ] {
            let complaints = try distribution(#""secrets":[{"to":"a",\#(entry)}]"#).complaints
            #expect(complaints.count == 1 && complaints[0].hasPrefix(start), "\(complaints)")
        }
    }

    @Test("are compared by their bytes: a canonically equivalent text is another value")
    func bytes() throws {
        let (composed, decomposed) = ("\u{e9}", "e\u{301}")
        #expect(composed == decomposed)
        for entry in [#""value":"X""#, #""template":"X""#, #""from":"f","pointer":"/X""#, #""from":"X""#] {
            let specs = try [composed, decomposed].map {
                try distribution(#""secrets":[{"to":"a",\#(entry.replacing("X", with: $0))}]"#).spec
            }
            #expect(specs[0] != specs[1])
        }
    }

    @Test("of dataFrom may give the keys that a type requires")
    func requiredKeys() throws {
        #expect(
            try distribution(#""dataFrom":[{"folder":"d"}]"#, type: "kubernetes.io/tls").complaints == [])
    }

    @Test("name files that the access policy judges, each at its place")
    func policy() throws {
        let distribution = try distribution(
            #"""
            "secrets":[{"to":"a","template":"${v}","with":[{"name":"v","from":"g"}]},
            {"to":"b","from":"f","extract":"PrivateKey","passwordFrom":"p"}],"dataFrom":[{"from":"h","format":"JSON"}]
            """#)
        let policy = AccessPolicy(mode: .enforce, default: .deny, rules: [])
        #expect(
            policy.problems(of: distribution).map(\.field) == [
                "spec.secrets[0].with[0].from", "spec.secrets[1].from", "spec.secrets[1].passwordFrom",
                "spec.dataFrom[0].from",
            ])
    }
}
