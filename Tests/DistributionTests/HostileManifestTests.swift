import DistributionSupport
import FoundationEssentials
import Testing

@testable import Distribution

/// Manifests of any shape: all problems are reported with their place, and nothing is thrown.
@Suite struct HostileManifestTests {
    private static let aKey =
        "expected a key of a Secret: letters, digits, \"-\", \"_\" and \".\", 1 to 253 characters, not \".\" and not"
        + " beginning with \"..\""

    @Test(
        "A value of another type is reported with its place, its type and the expected type",
        arguments: [
            (#""name": 5"#, "spec.name is the number 5, expected a string"),
            (#""name": 1.5"#, "spec.name is a number, expected a string"),
            (#""name": true"#, "spec.name is true, expected a string"),
            (#""name": ["a"]"#, "spec.name is a list, expected a string"),
            (#""name": {"a": 1}"#, "spec.name is an object, expected a string"),
            (#""name": null"#, "spec.name is missing, expected a string"),
            (#""type": 5"#, "spec.type is the number 5, expected a string"),
            (#""deletionPolicy": false"#, "spec.deletionPolicy is false, expected a string"),
            (#""validation": ["None"]"#, "spec.validation is a list, expected a string"),
            (#""validation": "x\n""#, "spec.validation is \"x\\n\", expected \"Full\" or \"None\""),
            (#""secrets": "a""#, "spec.secrets is \"a\", expected a list"),
            (#""secrets": {"from": "a", "to": "b"}"#, "spec.secrets is an object, expected a list"),
            (#""secrets": null"#, "spec.secrets is missing, expected a list"),
            (#""secrets": []"#, "spec.secrets is empty, expected at least one mapping"),
            (
                #""secrets": [{"to": "b"}]"#,
                #"spec.secrets[0].from is missing, expected it or "template" or "value" or "generate""#
            ),
            (#""secrets": [{"from": "a"}]"#, "spec.secrets[0].to is missing, expected a string"),
            (
                #""secrets": [{"from": null, "to": "b"}]"#,
                #"spec.secrets[0].from is missing, expected it or "template" or "value" or "generate""#
            ),
            (#""secrets": [{"from": 7, "to": "b"}]"#, "spec.secrets[0].from is the number 7, expected a string"),
            (#""secrets": [{"from": "a", "to": []}]"#, "spec.secrets[0].to is a list, expected a string"),
            (
                #""secrets": [{"from": "a", "to": "b", "optional": "true"}]"#,
                "spec.secrets[0].optional is \"true\", expected true or false"
            ),
            (
                #""secrets": [{"from": "a", "to": "b", "optional": 1}]"#,
                "spec.secrets[0].optional is the number 1, expected true or false"
            ),
            (
                #""secrets": [{"from": "/etc/passwd", "to": "b"}]"#,
                "spec.secrets[0].from is \"/etc/passwd\", an absolute path; expected one relative to the mount"
            ),
            (#""secrets": [{"from": "a", "to": "b c"}]"#, "spec.secrets[0].to is \"b c\", \(aKey)"),
            (
                #""secrets": [{"from": "a", "to": "b"}, {"from": "c", "to": "b"}]"#,
                "spec.secrets[1].to is \"b\", which another mapping already uses; expected each key once"
            ),
            (#""metadata": "x""#, "spec.metadata is \"x\", expected an object"),
            (#""metadata": {"labels": ["a"]}"#, "spec.metadata.labels is a list, expected an object"),
            (
                #""metadata": {"labels": {"a": 1}}"#,
                "spec.metadata.labels.a is the number 1, expected a string"
            ),
            (
                #""metadata": {"annotations": {"a": {"b": "c"}}}"#,
                "spec.metadata.annotations.a is an object, expected a string"
            ),
            (
                #""metadata": {"labels": {"a b": "c"}}"#,
                "spec.metadata.labels.\"a b\" is not a key that metadata can have, expected \"name\" or \"example.com/name\""
            ),
            (
                #""metadata": {"labels": {"a": "-"}}"#,
                "spec.metadata.labels.a is \"-\", expected a label's value: at most 63 letters, digits, \"-\", \"_\" and"
                    + " \".\", beginning and ending with a letter or digit"
            ),
        ])
    func wrongType(field: String, complaint: String) throws {
        // With two equal members the last would count or fail: omit the valid one.
        let good = [
            (#""name""#, #""name": "s""#), (#""secrets""#, #""secrets": [{"from": "good", "to": "good"}]"#),
        ].filter { !field.hasPrefix($0.0) }.map(\.1)
        let distribution = try Manifest.with(spec: "{\((good + [field]).joined(separator: ", "))}")
        #expect(distribution.complaints == [complaint])
        #expect(distribution.refusal == Refusal(.invalidSpec, complaint + "."))
    }

    @Test("List entries that are not objects are each reported, and the others are decoded")
    func strangeEntries() throws {
        let distribution = try Manifest.with(
            spec: #"""
                {"name": "s", "secrets": [
                  1, {"from": "a", "to": "A"}, null, "x", [], {"from": "b", "to": "B"}, true, [{"from": "c"}], 2.5, null
                ]}
                """#)
        #expect(
            distribution.complaints
                == [0, 2, 3, 4, 6, 7, 8, 9].map {
                    "spec.secrets[\($0)] is not an object, expected one with \"from\" and \"to\""
                })
        #expect(distribution.spec.mappings.map(\.to) == ["A", "B"])
    }

    @Test("A list of nulls only is processed in bounded time")
    func manyNulls() throws {
        let nulls = Array(repeating: "null", count: 1000).joined(separator: ",")
        let distribution = try Manifest.with(spec: #"{"name": "s", "secrets": [\#(nulls)]}"#)
        #expect(distribution.problems.total == 1000)
        #expect(distribution.problems.last?.field == "spec.secrets[99]")
        #expect(distribution.spec.mappings.isEmpty)
    }

    @Test(
        "Anything else in place of the objects that contain the rest is reported",
        arguments: [
            (#"{}"#, ["metadata is missing, expected an object", "spec is missing, expected an object"]),
            (
                #"{"metadata": null, "spec": null}"#,
                ["metadata is missing, expected an object", "spec is missing, expected an object"]
            ),
            (
                #"{"metadata": 1, "spec": "x"}"#,
                ["metadata is the number 1, expected an object", "spec is \"x\", expected an object"]
            ),
            (
                #"{"metadata": [], "spec": []}"#,
                ["metadata is a list, expected an object", "spec is a list, expected an object"]
            ),
            (
                #"{"metadata": {}, "spec": {}}"#,
                [
                    "metadata.name is missing, expected a string", "spec.name is missing, expected a string",
                    "spec.secrets is missing, expected a list",
                ]
            ),
            (
                #"{"metadata": {"name": 5}, "spec": {"name": {}, "secrets": 0}}"#,
                [
                    "metadata.name is the number 5, expected a string", "spec.name is an object, expected a string",
                    "spec.secrets is the number 0, expected a list",
                ]
            ),
        ])
    func noObjects(manifest: String, complaints: [String]) throws {
        let distribution = try Manifest.read(manifest)
        #expect(distribution.complaints == complaints)
        #expect(!distribution.hasUsableName)
        #expect(distribution.target == nil)
        #expect(distribution.refusal?.message == complaints.joined(separator: "; ") + ".")
    }

    @Test("Only a document that is not an object is an error", arguments: ["[]", "1", "\"x\"", "null", "true"])
    func noDocument(manifest: String) {
        #expect(throws: (any Error).self) { try Manifest.read(manifest) }
    }

    @Test(
        "A name or namespace that Kubernetes does not allow is invalid",
        arguments: [
            #""name": "A""#, #""name": "a/b""#, #""name": "../b""#, #""name": """#, #""name": "a", "namespace": "a.b""#,
            #""name": "a", "namespace": "..""#, #""name": "a", "namespace": 1"#,
        ])
    func unusableName(metadata: String) throws {
        let distribution = try Manifest.read(
            #"{"metadata": {\#(metadata)}, "spec": {"name": "s", "secrets": [{"from": "a", "to": "b"}]}}"#)
        #expect(!distribution.hasUsableName)
        #expect(distribution.problems.count == 1)
        #expect(distribution.refusal?.reason == .invalidSpec)
    }

    @Test("An unknown field is reported with the known ones, and has no other effect")
    func unknownFields() throws {
        let distribution = try Manifest.amended([
            "extra": 1,
            "spec": [
                "Name": "x", "metadata": ["label": ["a": "b"]],
                "secrets": [["from": "a", "to": "b", "option": true]],
            ],
        ])
        #expect(distribution.problems.allSatisfy { $0.severity == .unknownField })
        #expect(
            distribution.complaints == [
                "extra is not a field of a SecretsDistribution, expected one of apiVersion, kind, metadata, spec, status",
                "spec.metadata.label is not a field of a SecretsDistribution, expected one of annotations, labels",
                "spec.secrets[0].option is not a field of a SecretsDistribution, expected one of decode, extract, from,"
                    + " generate, optional, passwordFrom, pointer, template, to, trim, value, with",
                "spec.Name is not a field of a SecretsDistribution, expected one of dataFrom, deletionPolicy, metadata,"
                    + " name, secrets, type, validation",
            ])
        #expect(distribution.refusal == nil)
    }

    @Test("All problems are collected, and the rest is decoded")
    func allAtOnce() throws {
        let distribution = try Manifest.with(
            spec: #"""
                {"name": "Bad_Name", "type": 1, "deletionPolicy": "x", "metadata": {"labels": {"a": 1, "b": "ok"}},
                 "secrets": [{"from": "../x", "to": "A"}, {"from": "a", "to": "B"}, {"from": "b", "to": "!"}]}
                """#)
        #expect(
            distribution.problems.map(\.field) == [
                "spec.name", "spec.type", "spec.deletionPolicy", "spec.metadata.labels.a", "spec.secrets[0].from",
                "spec.secrets[2].to",
            ])
        #expect(distribution.spec.mappings.map(\.to) == ["B"])
        #expect(distribution.spec.labels == ["b": "ok"])
        #expect(distribution.target == nil)
    }

    @Test("Problems of a map are in the order of its keys, so that a status does not change by itself")
    func mapOrder() throws {
        let names = (0..<40).map { "k\($0)" }
        let members = names.reversed().map { "\"\($0)\": \"!\"" } + (names.map { "\"n\($0)\": 1" })
        let distribution = try Manifest.with(
            spec: #"""
                {"name": "s", "secrets": [{"from": "a", "to": "b"}],
                 "metadata": {"labels": {\#(members.joined(separator: ","))}}, \#(names.map { "\"x\($0)\": 0" }.joined(separator: ","))}
                """#)
        let fields = distribution.problems.map(\.field)
        #expect(fields.count == 100 && distribution.problems.total == 120)
        for part in [fields[0..<40], fields[40..<80], fields[80..<100]] { #expect(Array(part) == part.sorted()) }
    }

    @Test(
        "An invalid status has no effect on the spec",
        arguments: [
            #""x""#, "[]", #"{"conditions": "x"}"#,
            #"{"statusText": 1, "lastUpdated": [], "conditions": [1, null], "more": 1}"#,
        ])
    func spoiltStatus(status: String) throws {
        let distribution = try Manifest.read(
            #"""
            {"metadata": {"name": "app", "namespace": "shop"}, "status": \#(status),
             "spec": {"name": "s", "secrets": [{"from": "a", "to": "b"}]}}
            """#)
        #expect(distribution.complaints == [])
        #expect(distribution.status == StoredStatus())
    }

    @Test(
        "Text of a manifest is shown in an error on one line, without control characters",
        arguments: [
            ("a\nb", "\"a\\nb\""), ("a\r\n\tb", "\"a\\r\\n\\tb\""), ("\u{1b}[31mred", "\"\\u{1B}[31mred\""),
            ("\u{7f}", "\"\\u{7F}\""), ("\u{85}x", "\"\\u{0085}x\""), ("a\u{2028}b", "\"a\\u{2028}b\""),
            ("\u{202e}txt", "\"\\u{202E}txt\""), ("é", "\"é\""),
            (String(repeating: "X", count: 81), "\"" + String(repeating: "X", count: 80) + "…\""),
        ])
    func shownText(value: String, text: String) throws {
        #expect(shown(value) == text)
        let distribution = try Manifest.amended(["spec": ["name": .string(value)]])
        #expect(distribution.complaints.first?.hasPrefix("spec.name is \(text), expected") == true)
    }

    @Test("A key in the place of an error is on one line and bounded too")
    func shownKeys() throws {
        let long = String(repeating: "x", count: 500)
        let distribution = try Manifest.amended([
            "spec": ["metadata": ["labels": ["a\n\u{1b}b": "v", .init(long): "v"]], "new\nline": 1]
        ])
        #expect(
            distribution.problems.map(\.field) == [
                #"spec.metadata.labels."a\n\u{1B}b""#,
                "spec.metadata.labels.\"\(String(repeating: "x", count: 80))…\"", #"spec."new\nline""#,
            ])
    }

    @Test("With too many mappings none is decoded, and there is one problem")
    func tooManyMappings() throws {
        let distribution = { count in
            let mappings = (0..<count).map { #"{"from": "a", "to": "\#($0)"}"# }
            return try Manifest.with(spec: #"{"name": "s", "secrets": [\#(mappings.joined(separator: ","))]}"#)
        }
        #expect(try distribution(1000).spec.mappings.count == 1000)
        #expect(try distribution(1000).complaints == [])
        #expect(try distribution(1001).spec.mappings.count == 0)
        #expect(try distribution(1001).complaints == ["spec.secrets has 1001 entries, expected at most 1000"])
    }

    @Test("A rejection shows the first of many problems, and the number of the others")
    func manyProblems() throws {
        let entries = Array(repeating: "1", count: 101).joined(separator: ",")
        let refusal = try Manifest.with(spec: #"{"name": "s", "secrets": [\#(entries)]}"#).refusal
        let message = try #require(refusal?.message)
        #expect(message.hasPrefix("spec.secrets[0] is not an object"))
        let told = message.components(separatedBy: "is not an object").count - 1
        #expect(told > 20 && message.hasSuffix("; and \(101 - told) more."))
        #expect(message.unicodeScalars.count < 3100)
    }

    @Test(
        "With too many labels or annotations none is decoded, and there is one problem",
        arguments: ["labels", "annotations"])
    func tooMuchMetadata(field: String) throws {
        let distribution = { (count: Int) in
            let members = (0..<count).map { #""k\#($0)":"v""# }.joined(separator: ",")
            return try Manifest.with(
                spec:
                    #"{"name":"s","secrets":[{"from":"a","to":"b"}],"metadata":{"\#(field)":{\#(members)}}}"#)
        }
        let most = try distribution(100)
        #expect(most.complaints == [] && most.spec.labels.count + most.spec.annotations.count == 100)
        let more = try distribution(140_000)
        #expect(more.complaints == ["spec.metadata.\(field) has 140000 entries, expected at most 100"])
        #expect(more.spec.labels.isEmpty && more.spec.annotations.isEmpty)
    }

    @Test("Annotations together are limited to the size that a Secret allows")
    func largeAnnotations() throws {
        let distribution = { (size: Int) in
            let value = String(repeating: "x", count: size - 1)
            return try Manifest.amended(["spec": ["metadata": ["annotations": ["a": .string(value)]]]])
        }
        #expect(try distribution(262_144).complaints == [])
        let larger = try distribution(262_145)
        #expect(larger.complaints == ["spec.metadata.annotations is 262145 bytes long, expected at most 262144"])
        #expect(larger.spec.annotations.isEmpty)
    }

    @Test("Many unknown fields do not hide a problem that makes the distribution unusable")
    func manyUnknownFields() throws {
        let fields = (0..<100_000).map { #""x\#($0)":0"# }.joined(separator: ",")
        let distribution = try Manifest.with(spec: #"{\#(fields),"name":"!","secrets":[{"from":"a","to":"b"}]}"#)
        #expect(distribution.problems.total == 100_001)
        #expect(distribution.refusal?.message.hasPrefix("spec.name is \"!\"") == true)
    }

    @Test("Nothing is kept of a status that is larger than any that the program writes")
    func largeStatus() throws {
        let conditions = (0..<101).map {
            #"{"type":"t\#($0)","status":"True","reason":"r","message":"m","lastTransitionTime":"t"}"#
        }
        let long = String(repeating: "x", count: 40_000)
        let read = { (status: String) in
            try Manifest.read(
                #"{"metadata":{"name":"a","namespace":"b"},"status":\#(status),"spec":{"name":"s","secrets":[]}}"#
            ).status
        }
        let list = { (count: Int) in #"{"conditions":[\#(conditions.prefix(count).joined(separator: ","))]}"# }
        #expect(try read(list(100)).conditions.count == 100)
        #expect(try read(list(101)).conditions.isEmpty)
        let strange = #"{"type":"Ready","status":"True","reason":"r","message":"\#(long)","lastTransitionTime":"t"}"#
        #expect(try read(#"{"conditions":[\#(strange)]}"#).conditions.isEmpty)
        let status = try read(#"{"statusText":"\#(long)","lastUpdated":"\#(long)","mountGeneration":"\#(long)"}"#)
        #expect(status.statusText?.utf8.count ?? 0 < 4010)
        #expect(status.lastUpdated == nil && status.mountGeneration == nil)
    }
}
