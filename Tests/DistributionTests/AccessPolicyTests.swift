import DistributionSupport
import Testing

@testable import Distribution
@testable import JSON

@Suite struct AccessPolicyTests {
    private static func document(_ json: String) throws -> AccessPolicyDocument {
        try JSONBytes.decode(AccessPolicyDocument.self, from: Array(json.utf8))
    }

    private static func spec(_ json: String) throws -> AccessPolicyDocument {
        try document(#"{"kind":"SecretsAccessPolicy","spec":\#(json)}"#)
    }

    private static let rules = """
        [{"namespaces": ["web", "team-*"], "files": ["certs/*", "shared"]},
         {"namespaces": ["lab"], "files": ["lab-?", "shared"]}]
        """

    @Test(
        "A thousand denied names of a control character are shown as ten and a number", arguments: ["Enforce", "Audit"])
    func manyNames(mode: String) throws {
        let control = (0..<1000).map {
            #"{"from":"\#(String(repeating: #"\u0001"#, count: 80))\#($0)","to":"k\#($0)"}"#
        }
        let distribution = try Manifest.with(spec: #"{"name":"s","secrets":[\#(control.joined(separator: ","))]}"#)
        let policy = try Self.spec(#"{"mode":"\#(mode)","rules":[]}"#).policy
        let message = try #require(policy.refusal(of: distribution)?.message)
        #expect(message.hasSuffix(" and 990 more."))
        #expect(message.unicodeScalars.count < 1000)
    }

    private func policy(_ standard: String, _ rules: String = rules) throws -> AccessPolicy {
        let document = try Self.spec(#"{"default":"\#(standard)","rules":\#(rules)}"#)
        #expect(document.problems.isEmpty)
        return document.policy
    }

    private func denied(_ policy: AccessPolicy, _ files: [String], to namespace: String) throws -> [String] {
        policy.denied(try files.map { try SourcePath($0) }, to: namespace).map(\.text)
    }

    @Test(
        "A file is permitted in the namespaces of the rules that match it; for others the default applies",
        arguments: [
            // File, namespace, denied with default Deny, denied with default Allow.
            ("certs/a", "web", false, false), ("certs/a", "team-x", false, false), ("shared", "web", false, false),
            ("shared", "lab", false, false), ("lab-1", "lab", false, false), ("certs/a", "lab", true, true),
            ("certs/a", "other", true, true), ("lab-1", "web", true, true), ("shared", "other", true, true),
            ("certs/a/b", "web", true, false), ("free", "web", true, false), ("free", "other", true, false),
            ("lab-12", "lab", true, false),
        ])
    func verdicts(file: String, namespace: String, byDeny: Bool, byAllow: Bool) throws {
        #expect(try denied(policy("Deny"), [file], to: namespace).isEmpty == !byDeny)
        #expect(try denied(policy("Allow"), [file], to: namespace).isEmpty == !byAllow)
    }

    @Test("Two rules that each match only the file or only the namespace permit nothing")
    func halves() throws {
        let rules = #"[{"namespaces":["web"],"files":["a"]},{"namespaces":["lab"],"files":["b"]}]"#
        #expect(try denied(policy("Deny", rules), ["a", "b"], to: "web") == ["b"])
        #expect(try denied(policy("Allow", rules), ["a", "b", "c"], to: "web") == ["b"])
    }

    @Test("Without rules, default Deny denies all and default Allow nothing")
    func noRules() throws {
        #expect(try denied(policy("Deny", "[]"), ["a"], to: "web") == ["a"])
        #expect(try denied(policy("Allow", "[]"), ["a"], to: "web") == [])
    }

    @Test("A denied file is denied however its path is written")
    func spellings() throws {
        let files = ["certs//a", "./certs/a", "..data/certs/a"]
        #expect(try denied(policy("Allow"), files, to: "other") == ["certs/a"])
    }

    @Test(
        "A file whose name only looks like another's is judged on its own",
        arguments: [("K", "\u{212a}"), (";", "\u{37e}"), ("`", "\u{1fef}"), ("\u{e9}", "e\u{301}")])
    func canonicallyEqual(one: String, other: String) throws {
        for (named, twin) in [(one, other), (other, one)] {
            let rules = #"[{"namespaces":["team-a"],"files":["\#(named)ey"]}]"#
            let (free, strict) = (try policy("Allow", rules), try policy("Deny", rules))
            let files = ["\(twin)ey", "\(named)ey", "\(twin)ey"]
            #expect(
                try denied(free, files, to: "team-b").map { Array($0.utf8) } == files.prefix(2).map { Array($0.utf8) })
            #expect(try denied(strict, files, to: "team-b").count == 2)
            #expect(try denied(free, files, to: "team-a").isEmpty && denied(strict, files, to: "team-a").isEmpty)
        }
    }

    @Test("A pattern that does not match both spellings of a file matches neither")
    func unlikeName() throws {
        let rules = #"[{"namespaces":["team-a"],"files":["[!K]ey"]}]"#
        let files = ["\u{212a}ey", "Key"]
        #expect(try denied(policy("Allow", rules), files, to: "team-b").isEmpty)
        #expect(try denied(policy("Deny", rules), files, to: "team-a").count == 2)
    }

    @Test(
        "The cost estimate grows with the bytes of names, more for names that are not ASCII, also without rules")
    func cost() throws {
        func cost(_ policy: AccessPolicy, _ name: String) throws -> Int {
            policy.evaluation(of: try Manifest.amended(["spec": ["secrets": Manifest.mappings((name, "a"))]])).cost
        }
        let (none, some) = (try policy("Deny", "[]"), try policy("Allow"))
        let (ascii, marked) = (
            String(repeating: "a", count: 700), String(repeating: "a\u{301}\u{302}\u{303}", count: 100)
        )
        #expect(try cost(none, ascii) == 700)
        #expect(try cost(none, marked) == 700)
        #expect(try cost(some, ascii) > 700)
        #expect(try cost(some, marked) > 10 * cost(some, ascii))
    }

    @Test("A long file name is judged in parts too, with the same result")
    func partsOfAFile() throws {
        let policy = try policy("Allow", #"[{"namespaces":["a"],"files":["**/*-x","\u00e9**"]}]"#)
        for name in [String(repeating: "y", count: 1000) + "-x", "e\u{301}" + String(repeating: "y", count: 1000), "z"]
        {
            let distribution = try Manifest.amended(["spec": ["secrets": Manifest.mappings((name, "a"))]])
            var (evaluation, parts) = (policy.evaluation(of: distribution), 1)
            while !evaluation.advance(by: 100) { parts += 1 }
            #expect(try evaluation.denied.map(\.text) == denied(policy, [name], to: "shop"))
            #expect(parts > name.utf8.count / 100)
        }
    }

    @Test("The rejection names the namespace and each denied file once, optional or not")
    func refusal() throws {
        let policy = try policy("Deny")
        let distribution = try Manifest.amended([
            "metadata": ["namespace": "web"],
            "spec": [
                "secrets": [
                    ["from": "b", "to": "1"], ["from": "certs/a", "to": "2"],
                    ["from": "a", "to": "3", "optional": true], ["from": "b", "to": "4"],
                ]
            ],
        ])
        let refusal = try #require(policy.refusal(of: distribution))
        #expect(refusal.reason == .policyDenied)
        #expect(refusal.message == "The access policy denies namespace \"web\" the source files \"b\", \"a\".")
        #expect(
            policy.problems(of: distribution).map(\.field) == [
                "spec.secrets[0].from", "spec.secrets[2].from", "spec.secrets[3].from",
            ])
        let permitted = try Manifest.amended([
            "metadata": ["namespace": "web"], "spec": ["secrets": [["from": "shared", "to": "1"]]],
        ])
        #expect(policy.refusal(of: permitted) == nil)
        #expect(policy.problems(of: permitted).isEmpty)
    }

    @Test("A problem keeps the place of its mapping if earlier mappings are unreadable")
    func places() throws {
        let distribution = try Manifest.with(
            spec: #"{"name":"a","secrets":[7,{"from":"../x","to":"a"},{"from":"b","to":"b"}]}"#)
        #expect(try policy("Deny").problems(of: distribution).map(\.field) == ["spec.secrets[2].from"])
    }

    @Test("Without a namespace, only the missing namespace is reported")
    func noNamespace() throws {
        let distribution = try Manifest.amended(["metadata": ["namespace": nil]])
        let problems = try policy("Allow").problems(of: distribution)
        #expect(problems.map(\.field) == ["metadata.namespace"])
    }

    @Test("Mode and default are strict if they are not set")
    func defaults() throws {
        for spec in [#"{"rules":[]}"#, #"{"rules":[],"mode":null,"default":null}"#] {
            let document = try Self.spec(spec)
            #expect(document.problems.isEmpty)
            #expect(document.policy == AccessPolicy(mode: .enforce, default: .deny, rules: []))
        }
        let document = try Self.document(
            """
            {"apiVersion":"xlscsde.nhs.uk/v1","kind":"SecretsAccessPolicy","metadata":{"name":"p"},
             "spec":{"mode":"Audit","default":"Allow","rules":[{"namespaces":["a"],"files":["b"]}]}}
            """)
        #expect(document.problems.isEmpty)
        #expect(document.policy.mode == .audit && document.policy.default == .allow)
        #expect(document.policy.rules.map { $0.files.map(\.description) } == [["b"]])
    }

    @Test(
        "Each problem names its path, its value and what was expected",
        arguments: [
            (#"{}"#, ["kind is missing, expected a string", "spec is missing, expected an object"]),
            (
                #"{"kind":"SecretsAcessPolicy","apiVersion":"v1","spec":{"rules":[]},"status":{}}"#,
                [
                    "apiVersion is \"v1\", expected \"xlscsde.nhs.uk/v1\"",
                    "kind is \"SecretsAcessPolicy\", expected \"SecretsAccessPolicy\"",
                    "status is not a field of a SecretsAccessPolicy, expected one of apiVersion, kind, metadata, spec",
                ]
            ),
            (#"{"kind":"SecretsAccessPolicy","spec":[]}"#, ["spec is a list, expected an object"]),
            (
                #"{"kind":"SecretsAccessPolicy","metadata":1,"spec":{"rules":[]}}"#,
                ["metadata is the number 1, expected an object"]
            ),
            (
                #"{"kind":"SecretsAccessPolicy","spec":{"mode":"enforce","default":true,"rule":[]}}"#,
                [
                    "spec.mode is \"enforce\", expected \"Enforce\" or \"Audit\"",
                    "spec.default is true, expected a string", "spec.rules is missing, expected a list",
                    "spec.rule is not a field of a SecretsAccessPolicy, expected one of default, mode, rules",
                ]
            ),
            (#"{"kind":"SecretsAccessPolicy","spec":{"rules":{}}}"#, ["spec.rules is an object, expected a list"]),
            (
                #"{"kind":"SecretsAccessPolicy","spec":{"rules":[1,{}]}}"#,
                [
                    "spec.rules[0] is not an object, expected one with \"namespaces\" and \"files\"",
                    "spec.rules[1].namespaces is missing, expected a list",
                    "spec.rules[1].files is missing, expected a list",
                ]
            ),
            (
                #"{"kind":"SecretsAccessPolicy","spec":{"rules":[{"namespaces":[],"files":"a","file":["a"]}]}}"#,
                [
                    "spec.rules[0].namespaces is empty, expected at least one pattern",
                    "spec.rules[0].files is \"a\", expected a list",
                    "spec.rules[0].file is not a field of a SecretsAccessPolicy, expected one of files, namespaces",
                ]
            ),
            (
                #"{"kind":"SecretsAccessPolicy","spec":{"rules":[{"namespaces":[1,"a",null,""],"files":["[a"]}]}}"#,
                [
                    "spec.rules[0].namespaces[0] is not a string, expected one",
                    "spec.rules[0].namespaces[2] is not a string, expected one",
                    "spec.rules[0].namespaces[3] is empty, expected a pattern such as \"team-*\"",
                    "spec.rules[0].files[0] is \"[a\", which has \"[\" without \"]\"; expected both in one part of a"
                        + " path, or \"\\[\"",
                ]
            ),
        ])
    func problems(json: String, expected: [String]) throws {
        #expect(try Set(Self.document(json).problems.map(\.description)) == Set(expected))
    }

    @Test("Many rules are all evaluated; Tests/Tools/counts counts the cost")
    func large() throws {
        let rules = (0..<100).map { #"{"namespaces":["team-\#($0)-*"],"files":["team-\#($0)/**","shared/*.crt"]}"# }
        let policy = try policy("Allow", "[\(rules.joined(separator: ","))]")
        for number in 0..<100 {
            let files = ["team-\(number)/a/tls.key", "shared/root.crt", "team-7/tls.key"]
            #expect(try denied(policy, files, to: "team-\(number)-blue") == (number == 7 ? [] : ["team-7/tls.key"]))
        }
    }
}
