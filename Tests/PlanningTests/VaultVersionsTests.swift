import Testing

@testable import Distribution
@testable import Planning

@Suite("The versions of the vault's objects")
struct VaultVersionsTests {
    private func versions(_ generation: String, _ files: [String: String]) -> VaultVersions {
        VaultVersions(
            files: files.mapValues { .init(object: "secret/\($0)", version: $0) }, generation: generation)
    }

    private func paths(_ names: String...) throws -> [SourcePath] { try names.map { try SourcePath($0) } }

    @Test("of a distribution are those of its files, sorted, each once")
    func sources() throws {
        let sources = versions("g1", ["b": "1", "a": "2", "other": "3"])
            .sources(of: try paths("b", "a", "b", "unknown"), keeping: [])
        #expect(sources.map { "\($0.from) \($0.version) \($0.generation)" } == ["a 2 g1", "b 1 g1"])
    }

    @Test("keep their stored entry while the version is the same, so that a new generation writes no status")
    func kept() throws {
        let stored = versions("g1", ["a": "1", "b": "1"]).sources(of: try paths("a", "b"), keeping: [])
        let next = versions("g2", ["a": "1", "b": "2"])
        #expect(next.changes(since: versions("g1", ["a": "1", "b": "1"])) == ["b"])
        let sources = next.sources(of: try paths("a", "b"), keeping: stored)
        #expect(sources.map(\.generation) == ["g1", "g2"])
        var distribution = try SecretsDistribution(
            reading: .init(json: Array(#"{"metadata":{"name":"d"},"spec":{"name":"s","secrets":[]}}"#.utf8)[...]))
        distribution.status.sources = stored
        var status = DistributionStatus(reason: .synced, message: "m")
        distribution.status = try #require(status.update(of: distribution, now: "1"))
        status.sources = versions("g2", ["a": "1", "b": "1"]).sources(of: try paths("a", "b"), keeping: stored)
        #expect(status.update(of: distribution, now: "2") == nil)
    }

    @Test("are not written again to a server that drops them")
    func dropped() throws {
        var distribution = try SecretsDistribution(
            reading: .init(json: Array(#"{"metadata":{"name":"d"},"spec":{"name":"s","secrets":[]}}"#.utf8)[...]))
        var status = DistributionStatus(reason: .synced, message: "m")
        distribution.status = try #require(status.update(of: distribution, now: "1"))
        status.sources = versions("g1", ["a": "1"]).sources(of: try paths("a"), keeping: [])
        #expect(status.update(of: distribution, now: "2") != nil)
        let older = DefinitionTraits(hasStatusSubresource: true, keepsConditions: true, keepsSources: false)
        #expect(status.update(of: distribution, on: older, now: "2") == nil)
    }
}
