import Agent
import Distribution
import Planning
import TestSupport
import Testing

@Suite("A dry run")
struct DryRunStoreTests {
    @Test("a backend in a dry run sends no write, and takes part in no election")
    func backend() async throws {
        let logs = LineRecorder()
        let sent = SentRequests()
        var settings = Settings()
        settings.dryRun = true
        settings.leaderElection = true
        let backend = Backend(sent, settings, namespace: "web", logger: logs.logger)
        #expect(backend.elector == nil && backend.changes != nil)
        #expect(logs.count("dry run: nothing is written") == 1)
        let target = ObservedTarget(
            key: ObjectKey(namespace: "web", name: "t"), uid: "one", resourceVersion: "1", type: "Opaque")
        try await backend.secrets.delete(target)
        #expect(sent.all.isEmpty)
        settings.dryRun = false
        #expect(Backend(sent, settings, namespace: "web", logger: .none).elector != nil)
    }
}
