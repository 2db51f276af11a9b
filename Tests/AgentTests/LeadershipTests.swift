import Agent
import TestTraits
import Testing

@Suite("With leader election", .tags(.concurrent), .endsIfHung)
struct LeadershipTests {
    @Test("each mark has its own Lease, with a name that the API accepts")
    func names() {
        let names = [
            "secrets-distributor", "me", "Me", "ME", "a.b", "a_b", "a-b", "a..b", String(repeating: "A", count: 63),
        ].map(Settings.leaseName)
        #expect(names[..<3] == ["secrets-distributor", "secrets-distributor-me", "secrets-distributor.4d65"])
        #expect(Set(names).count == names.count)
        for name in names {
            #expect(name.utf8.count <= 253)
            #expect(name.allSatisfy { $0.isLowercase || $0.isNumber || "-.".contains($0) })
        }
    }
}
