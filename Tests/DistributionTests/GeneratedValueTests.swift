import DistributionSupport
import JSON
import Testing

@testable import Distribution

@Suite("The field generate")
struct GeneratedValueTests {
    private func distribution(_ entries: String, type: String = "Opaque") throws -> SecretsDistribution {
        try Manifest.with(spec: #"{"name":"s","type":"\#(type)","secrets":[\#(entries)]}"#)
    }

    private func entry(_ generate: String, to key: String = "k") -> String {
        #"{"to":"\#(key)","generate":{\#(generate)}}"#
    }

    @Test("has a default for each field but the kind")
    func defaults() throws {
        let kinds = GeneratedValue.Kind.allCases
        let entries = kinds.map { entry(#""kind":"\#($0.rawValue)""#, to: $0.rawValue) }.joined(separator: ",")
        let distribution = try distribution(entries)
        #expect(distribution.complaints == [])
        let groups = distribution.spec.generatedGroups
        #expect(groups.map { $0.entries.first?.value.size } == [32, 32, 0, 2048, 256, 0])
        #expect(groups.first?.entries.first?.value.characters.count == 62)
        #expect(groups.allSatisfy { $0.pair == nil && $0.rotate == "" })
    }

    @Test("groups the parts of a pair, and reads no file")
    func pairs() throws {
        let distribution = try distribution(
            [
                entry(#""kind":"EC","pair":"jwt","rotate":"2""#, to: "key"), entry(#""kind":"UUID""#, to: "id"),
                entry(#""kind":"EC","pair":"jwt","part":"Public","format":"DER","rotate":"2""#, to: "pub"),
            ].joined(separator: ","))
        #expect(distribution.complaints == [])
        #expect(distribution.spec.generatedGroups.map(\.keys) == [["key", "pub"], ["id"]])
        #expect(distribution.spec.files == [])
    }

    @Test(
        "names each problem with its field and what was expected",
        arguments: [
            (#""size":8"#, #"generate.kind is missing, expected "Password" or "Random" or "UUID""#),
            (#""kind":"password""#, #"generate.kind is "password", expected "Password" or"#),
            (#""kind":"Password","size":7"#, "generate.size is 7, expected 8 to 1024 characters for kind Password"),
            (#""kind":"Password","size":"8""#, #"generate.size is "8", expected a whole number"#),
            (#""kind":"RSA","size":1024"#, "generate.size is 1024, expected 2048, 3072 or 4096 bits for kind RSA"),
            (#""kind":"EC","size":255"#, "generate.size is 255, expected 256, 384 or 521 bits for kind EC"),
            (#""kind":"UUID","size":16"#, "generate.size is set for kind UUID, which has only one size"),
            (
                #""kind":"Password","characters":"aaaa""#,
                "generate.characters has 1 different character, which gives 0 bits with size 32; expected at least 32"
            ),
            (
                #""kind":"Password","characters":"01","size":31"#,
                "generate.characters has 2 different characters, which give 31 bits with size 31"
            ),
            (#""kind":"Password","characters":"aé""#, "expected printable ASCII characters"),
            (#""kind":"Password","characters":"""#, "generate.characters has 0 different characters"),
            (#""kind":"UUID","characters":"ab""#, "generate.characters is set for kind UUID, expected kind Password"),
            (
                #""kind":"Random","part":"Public""#,
                "generate.part is set for kind Random, expected kind RSA, EC or Ed25519"
            ),
            (#""kind":"EC","part":"Public""#, #"generate.part is "Public" without "pair""#),
            (#""kind":"EC","pair":"p""#, #"has no entry with pair "p" and part Public, expected both parts"#),
            (#""kind":"EC","pair":"""#, #"generate.pair is "", expected 1 to 63 printable ASCII characters"#),
            (#""kind":"UUID","rotate":1"#, "generate.rotate is the number 1, expected a string"),
            (#""kind":"UUID","token":"1""#, "generate.token is not a field of a SecretsDistribution"),
        ])
    func problems(_ generate: String, _ problem: String) throws {
        let complaints = try distribution(entry(generate)).complaints
        #expect(complaints.contains { $0.contains(problem) }, "\(complaints)")
    }

    @Test("cannot stand beside a source, nor make what a type of Secret requires from elsewhere")
    func misplaced() throws {
        #expect(
            try distribution(#"{"to":"k","from":"f","generate":{"kind":"UUID"}}"#).complaints
                == [
                    #"spec.secrets[0].generate is set beside "from", expected only one of from, template, value, generate"#
                ]
        )
        let tls = try distribution(entry(#""kind":"RSA""#, to: "tls.key"), type: "kubernetes.io/tls").complaints
        #expect(tls.contains { $0.contains("nothing issues a certificate for it") })
        let docker = try distribution(
            entry(#""kind":"UUID""#, to: ".dockerconfigjson"), type: "kubernetes.io/dockerconfigjson")
        #expect(docker.complaints.contains { $0.contains("which is a JSON object") })
        let certificate = try distribution(entry(#""kind":"RSA""#, to: "ca.crt")).complaints
        #expect(certificate.contains { $0.contains(#"part is "Private", but ca.crt must not hold a private key"#) })
        #expect(
            try distribution(entry(#""kind":"Password""#, to: "password"), type: "kubernetes.io/basic-auth").refusal
                == nil)
    }

    @Test("gives the parts of a pair one kind, size and token, and is bounded")
    func bounds() throws {
        let mixed = try distribution(
            [
                entry(#""kind":"EC","pair":"p""#, to: "a"),
                entry(#""kind":"EC","pair":"p","part":"Public","rotate":"2""#, to: "b"),
            ].joined(separator: ","))
        #expect(mixed.complaints.contains { $0.contains(#"gives "a" and "b" of the pair "p" another kind"#) })
        let many = { (count: Int, kind: String) in
            try self.distribution(
                (0..<count).map { self.entry(#""kind":"\#(kind)""#, to: "k\($0)") }.joined(separator: ","))
        }
        #expect(
            try many(101, "UUID").complaints.contains { $0.contains("has 101 generated values, expected at most 100") })
        #expect(
            try many(11, "RSA").complaints.contains { $0.contains("has 11 generated RSA keys, expected at most 10") })
        #expect(try many(100, "UUID").refusal == nil)
    }
}
