import Distribution
import DistributionSupport
import Glibc
import Snapshots
import TestSupport
import Testing

@testable import Values

@Suite("Generated values")
struct ValueGeneratorTests {
    private func generate(_ entries: String) throws -> [String: [UInt8]] {
        let distribution = try Manifest.with(spec: #"{"name":"s","secrets":[\#(entries)]}"#)
        #expect(distribution.complaints == [])
        let group = try #require(distribution.spec.generatedGroups.first)
        return try ValueGenerator.generate(group).mapValues { $0.bytes.withUnsafeBytes { Array($0) } }
    }

    private func pair(_ kind: String, _ size: String, _ format: String) throws -> (key: [UInt8], public: [UInt8]) {
        let common = #""kind":"\#(kind)"\#(size),"pair":"p","format":"\#(format)""#
        let values = try generate(
            #"{"to":"key","generate":{\#(common)}},{"to":"pub","generate":{\#(common),"part":"Public"}}"#)
        return (try #require(values["key"]), try #require(values["pub"]))
    }

    @Test("of kind Password use all characters, and no other")
    func password() throws {
        let all = try #require(
            generate(#"{"to":"k","generate":{"kind":"Password","size":1024,"characters":"abc#abc"}}"#)["k"])
        #expect(all.count == 1024)
        #expect(Set(all) == Set("abc#".utf8))
        // Each is about as frequent as the others: 256 of 1024, with a standard deviation of 14.
        for byte in Set(all) { #expect((100...412).contains(all.count { $0 == byte })) }
        let standard = try #require(generate(#"{"to":"k","generate":{"kind":"Password"}}"#)["k"])
        #expect(standard.count == 32 && standard != Array(all.prefix(32)))
    }

    @Test("of kind Random and UUID have their size and form")
    func randomAndUUID() throws {
        let first = try #require(generate(#"{"to":"k","generate":{"kind":"Random","size":48}}"#)["k"])
        let second = try #require(generate(#"{"to":"k","generate":{"kind":"Random","size":48}}"#)["k"])
        #expect(first.count == 48 && second.count == 48 && first != second)
        let uuid = String(
            decoding: try #require(generate(#"{"to":"k","generate":{"kind":"UUID"}}"#)["k"]), as: UTF8.self)
        #expect(uuid.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
    }

    private static let kinds = [
        ("RSA", ""), ("RSA", #","size":3072"#), ("EC", ""), ("EC", #","size":384"#), ("EC", #","size":521"#),
        ("Ed25519", ""),
    ]

    @Test("that are key pairs are read by openssl(1), and their parts fit", arguments: kinds, ["PEM", "DER"])
    func openssl(_ kind: (name: String, size: String), _ format: String) async throws {
        let pair = try pair(kind.name, kind.size, format)
        let directory = try ScratchFolder()
        try writeFile(directory("key"), pair.key)
        let result = try await ToolRun.run([
            "openssl", "pkey", "-inform", format, "-in", directory("key"), "-pubout", "-outform", format, "-out",
            directory("pub"),
        ])
        #expect(result.status == 0, "\(result.errors)")
        #expect(try directory.read("pub") == pair.public)
    }

    @Test("that are key pairs are read by ssh-keygen(1), and their parts fit", arguments: kinds)
    func openSSH(_ kind: (name: String, size: String)) async throws {
        let pair = try pair(kind.name, kind.size, "OpenSSH")
        let directory = try ScratchFolder()
        try writeFile(directory("key"), pair.key)
        // It refuses a key that others may read.
        chmod(directory("key"), 0o600)
        let result = try await ToolRun.run(["ssh-keygen", "-y", "-P", "", "-f", directory("key")])
        #expect(result.status == 0, "\(result.errors)")
        #expect(Array(result.output.utf8) == pair.public)
    }
}
