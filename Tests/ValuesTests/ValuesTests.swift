import Distribution
import DistributionSupport
import JSON
import Snapshots
import TestSupport
import Testing

@testable import Values

@Suite("The values of a distribution")
struct ValuesTests {
    private func values(_ spec: String, _ files: [String: String]) throws -> [String: String] {
        var cache = ValueCache()
        let distribution = try distribution(spec)
        return try Values(of: distribution.spec, in: Snapshot(files), &cache).content.mapValues(\.bytes.text)
    }

    private func refusal(_ spec: String, _ files: [String: String]) throws -> Refusal? {
        #expect(throws: Refusal.self) { _ = try values(spec, files) }
    }

    private func distribution(_ spec: String) throws -> SecretsDistribution {
        let distribution = try Manifest.with(spec: #"{"name":"s",\#(spec)}"#)
        #expect(distribution.complaints == [])
        return distribution
    }

    @Test("are decoded, selected and trimmed in this order")
    func order() throws {
        // {"a": " b\n"} in base64.
        let spec = #""secrets":[{"to":"k","from":"f","decode":"Base64","pointer":"/a","trim":"WhiteSpace"}]"#
        #expect(try values(spec, ["f": "eyJhIjogIiBi\nXG4ifQ"]) == ["k": "b"])
    }

    @Test("of a file without further fields, and constants, keep their bytes")
    func plain() throws {
        let spec = #""secrets":[{"to":"a","from":"f"},{"to":"b","value":"é\n"},{"to":"c","value":""}]"#
        #expect(try values(spec, ["f": " 1\n"]) == ["a": " 1\n", "b": "é\n", "c": ""])
    }

    @Test("at a pointer keep numbers as written, and objects as written but compact")
    func pointers() throws {
        let spec = #"""
            "secrets":[{"to":"n","from":"f","pointer":"/n"},{"to":"o","from":"f","pointer":"/o"},
            {"to":"s","from":"f","pointer":"/s"},{"to":"none","from":"f","pointer":"/none","optional":true},
            {"to":"null","from":"f","pointer":"/null","optional":true}]
            """#
        let file = #"{"n": 1.10e2, "o": {"z": [1, 2], "a": "\u0041 b"}, "s": "\u0041\"", "null": null}"#
        #expect(try values(spec, ["f": file]) == ["n": "1.10e2", "o": #"{"z":[1,2],"a":"\u0041 b"}"#, "s": "A\""])
    }

    @Test("that are missing hold the target back; a missing member is told with its pointer")
    func missing() throws {
        let spec = #""secrets":[{"to":"a","from":"f","pointer":"/a/b"},{"to":"c","from":"f"}]"#
        let refusal = try refusal(spec, ["f": #"{"a": {}}"#])
        #expect(refusal?.reason == .sourceNotFound)
        #expect(refusal?.message == #"There is no value at "/a/b" in source file "f"."#)
        #expect(try self.refusal(spec, [:])?.message == #"The mount has no file "f"."#)
    }

    @Test(
        "that do not have the expected form hold the target back, and the message has the file but no content",
        arguments: [
            (#"{"to":"k","from":"f","decode":"Base64"}"#, "hunter2!"),
            (#"{"to":"k","from":"f","decode":"Hex"}"#, "hunter"),
            (#"{"to":"k","from":"f","pointer":"/a"}"#, "hunter2"),
            (#"{"to":"k","from":"f","pointer":"/a/hunter"}"#, #"{"a": "hunter2"}"#),
            (#"{"to":"k","from":"f","pointer":"/a"}"#, #"{"a": "hunter2", "a": "hunter3"}"#),
            (#"{"to":"k","from":"f","extract":"Certificates"}"#, "hunter2"),
        ])
    func malformed(entry: String, content: String) throws {
        let refusal = try refusal(#""secrets":[\#(entry)]"#, ["f": content])
        #expect(refusal?.reason == .sourceUnreadable)
        #expect(refusal?.message.hasPrefix(#"Source file "f" "#) == true, "\(refusal?.message ?? "")")
        #expect(refusal?.message.contains("hunter2") == false)
    }

    @Test("of a template use its filters; a missing variable holds the target back, a missing optional one is empty")
    func templates() throws {
        let spec = #"""
            "secrets":[{"to":"url","template":"db://${u|url}:${p|url}@h/${o}$$${c}","with":[
            {"name":"u","from":"user"},{"name":"p","from":"f","pointer":"/p"},{"name":"o","from":"o","optional":true},
            {"name":"c","value":"!"}]}]
            """#
        let file = #"{"p": "a/b c"}"#
        #expect(try values(spec, ["user": "me@x", "f": file]) == ["url": "db://me%40x:a%2Fb%20c@h/$!"])
        #expect(try refusal(spec, ["f": file])?.reason == .sourceNotFound)
    }

    @Test("of dataFrom are all members, renamed; an entry of spec.secrets takes precedence")
    func members() throws {
        let spec = #"""
            "secrets":[{"to":"DB_b","value":"own"}],
            "dataFrom":[{"from":"f","format":"JSON","pointer":"/data","rename":{"trimPrefix":"x-","prefix":"DB_"}},
            {"from":"env","format":"Dotenv"},{"from":"p","format":"Properties","rename":{"replace":[{"from":"/","to":"_"}]}}]
            """#
        let files = [
            "f": #"{"data": {"x-a": 1, "b": "two", "c": null, "d": {"e": [ ]}}}"#, "env": "export A='x y'\n",
            "p": "a/b = c\n",
        ]
        #expect(
            try values(spec, files) == [
                "DB_a": "1", "DB_b": "own", "DB_d": #"{"e":[]}"#, "A": "x y", "a_b": "c",
            ])
    }

    @Test("of a folder are its files; include and exclude select them")
    func folder() throws {
        let files = ["app/a": "1", "app/b.md": "2", "app/deep/c": "3", "other/d": "4", "e": "5"]
        #expect(try values(#""dataFrom":[{"folder":"app"}]"#, files) == ["a": "1", "b.md": "2"])
        #expect(try values(#""dataFrom":[{"folder":"app/","exclude":["*.md"]}]"#, files) == ["a": "1"])
        #expect(try values(#""dataFrom":[{"folder":"."}]"#, files) == ["e": "5"])
        let deep = #""dataFrom":[{"folder":"app","include":["**"],"rename":{"replace":[{"from":"/","to":"."}]}}]"#
        #expect(try values(deep, files) == ["a": "1", "b.md": "2", "deep.c": "3"])
    }

    @Test("are refused if a key is not valid or occurs twice; the message names the key and its sources")
    func keys() throws {
        let invalid = try refusal(#""dataFrom":[{"from":"f","format":"JSON"}]"#, ["f": #"{"a b": "1"}"#])
        #expect(invalid?.reason == .invalidSpec)
        #expect(invalid?.message.contains(#"Source "f" gives a key that is "a b""#) == true)
        let twice = try refusal(
            #""dataFrom":[{"from":"f","format":"JSON"},{"folder":"g"}]"#, ["f": #"{"a": "1"}"#, "g/a": "2"])
        #expect(twice?.message.hasPrefix(#"Key "a" occurs twice in the sources "f" and "g""#) == true)
    }

    @Test("hold the target back when nothing is left in a source")
    func nothingLeft() throws {
        for (spec, files) in [
            (#"{"from":"f","format":"JSON"}"#, ["f": "{}"]), (#"{"from":"f","format":"Dotenv"}"#, ["f": "# none\n"]),
            (#"{"folder":"gone"}"#, ["f": ""]),
        ] {
            let refusal = try refusal(#""dataFrom":[\#(spec)]"#, files)
            #expect(refusal?.reason == .sourceNotFound)
            #expect(refusal?.message.contains("has nothing left") == true, "\(refusal?.message ?? "")")
        }
    }

    @Test("do not depend on the order of a JSON file's members")
    func reordered() throws {
        let spec = #""secrets":[{"to":"x","from":"f","pointer":"/a"}],"dataFrom":[{"from":"f","format":"JSON"}]"#
        let (one, other) = (#"{"a": "1", "b": 2}"#, #"{ "b":2,"a":"1" }"#)
        #expect(try values(spec, ["f": one]) == values(spec, ["f": other]))
    }

    @Test("are read once for all distributions of a snapshot: derived bytes are the same object")
    func shared() throws {
        let spec = #""dataFrom":[{"from":"f","format":"JSON","decode":"Base64"}]"#
        let snapshot = Snapshot(["f": "eyJhIjoiYiJ9"])
        var cache = ValueCache()
        let first = try Values(of: distribution(spec).spec, in: snapshot, &cache).content["a"]
        let second = try Values(of: distribution(spec).spec, in: snapshot, &cache).content["a"]
        #expect(first?.bytes === second?.bytes)
    }

    @Test("that 1,000 targets take from one certificate file are the same object: the file is read once")
    func readOnce() throws {
        let pair = try TLSPair.make("shared")
        let spec = try distribution(#""secrets":[{"to":"k","from":"f","extract":"PrivateKey"}]"#).spec
        let snapshot = Snapshot(["f": pair.certificate + pair.key])
        var cache = ValueCache()
        let first = try Values(of: spec, in: snapshot, &cache).content["k"]
        for _ in 0..<1000 {
            #expect(try Values(of: spec, in: snapshot, &cache).content["k"]?.bytes === first?.bytes)
        }
        #expect(first?.bytes.text == pair.key)
    }

    @Test("of a key that grows when it is renamed are refused, before it fills the memory")
    func growth() throws {
        let grow = Array(repeating: #"{"from":"a","to":"aaaaaaaaaa"}"#, count: 100).joined(separator: ",")
        let spec = #""dataFrom":[{"folder":"x","rename":{"prefix":"a","replace":[\#(grow)]}}]"#
        #expect(try refusal(spec, ["x/a": "1"])?.message.contains("is too long when it is renamed") == true)
    }

    @Test("are limited together: one large file that is derived many times")
    func manyTimes() throws {
        let variables = (0..<100).map { #"{"name":"v\#($0)","from":"f","trim":"Newline"}"# }.joined(separator: ",")
        let uses = (0..<100).map { "${v\($0)}" }.joined()
        let spec = #""secrets":[{"to":"k","template":"\#(uses)","with":[\#(variables)]}]"#
        let refusal = try refusal(spec, ["f": String(repeating: "x", count: 1 << 20)])
        #expect(refusal?.reason == .targetTooLarge)
    }

    @Test(
        "of a template for tls.crt never come from a private key, whichever filters hide it",
        arguments: ["url", "base64|base64|base64|base64"])
    func hidden(filter: String) throws {
        let pair = try TLSPair.make("hidden")
        let spec = #""secrets":[{"to":"tls.crt","template":"${k|\#(filter)}","with":[{"name":"k","from":"k"}]}]"#
        #expect(try refusal(spec, ["k": pair.key])?.reason == .sourceUnreadable)
        #expect(throws: Never.self) { try values(spec, ["k": pair.certificate]) }
    }

    @Test("of a file that is no properties file do not become keys or messages")
    func notProperties() throws {
        for content in ["hunter2", "hunter/2=x"] {
            let refusal = try refusal(#""dataFrom":[{"from":"f","format":"Properties"}]"#, ["f": content])
            #expect(refusal?.message.contains("hunter") == false, "\(refusal?.message ?? "")")
        }
    }

    @Test("of a folder are held back while a part of it cannot be read, unless it is excluded")
    func unreadablePart() throws {
        let snapshot = Snapshot(["app/a": "1"], failed: ["app/team": .unreadable(reason: "Permission denied")])
        for (fields, isHeldBack) in [
            (#""include":["**/*.pem"]"#, true), (#""include":["**"],"exclude":["team"]"#, false),
            (#""exclude":["b"]"#, true),
        ] {
            let spec = try distribution(#""dataFrom":[{"folder":"app",\#(fields)}]"#).spec
            var cache = ValueCache()
            let result = Result { try Values(of: spec, in: snapshot, &cache) }
            #expect((try? result.get()) == nil || !isHeldBack)
            if !isHeldBack { #expect(try result.get().content.keys.sorted() == ["a"]) }
            #expect(cache.files(of: spec, in: snapshot).map(\.text).allSatisfy { $0 == "app/a" })
        }
    }

    @Test("are limited in size, also a template that repeats a large value")
    func size() throws {
        let spec = #""secrets":[{"to":"k","template":"${a}${a}${a}","with":[{"name":"a","from":"f"}]}]"#
        let refusal = try refusal(spec, ["f": String(repeating: "x", count: 500_000)])
        #expect(refusal?.message.hasPrefix("The template ") == true)
    }
}
