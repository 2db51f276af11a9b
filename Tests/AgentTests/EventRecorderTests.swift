import Agent
import Kube
import TestSupport
import TestTraits
import Testing

@Suite("The event recorder", .tags(.concurrent), .endsIfHung)
struct EventRecorderTests {
    @Test("exists in a cluster, not in a dry run, and writes only while this agent leads")
    func backend() async throws {
        let requests = SentRequests()
        var settings = Settings()
        settings.leaderElection = true
        let backend = Backend(requests, settings, namespace: "shop", logger: .none)
        let recorder = try #require(backend.recorder)
        async let running: Void = recorder.run()
        recorder.record(
            .warning,
            on: Event.Object(
                apiVersion: "v1", kind: "K", namespace: "shop", name: "app", uid: "app", resourceVersion: nil),
            reason: "WriteFailed", message: "m")
        await recorder.flush()
        await running
        #expect(requests.all.isEmpty)
        settings.dryRun = true
        #expect(Backend(requests, settings, namespace: "shop", logger: .none).recorder == nil)
    }
}
