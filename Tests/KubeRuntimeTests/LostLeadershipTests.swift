import JSON
import Kube
import KubeRuntime
import LinuxIO
import Observability
import TestSupport
import TestTraits
import Testing

/// The requests and the output of an elector while another agent holds the Lease.
@Suite("Without the lease to write", .endsIfHung)
struct LostLeadershipTests {
    private let leadership = Leadership()
    private let log = LineRecorder()

    @Test("requests for the Lease do not wait for writes")
    func urgency() async throws {
        let leases = ForeignLease(renewedFrom: 1)
        let elector = LeaderElector(
            client: leases, leadership: leadership, settings: LeaseSettings(), namespace: "web", name: "l",
            logger: log.logger)
        let running = Task { await elector.run { _ in } }
        #expect(await eventually { leases.count > 0 })
        running.cancel()
        await running.value
        #expect(leases.areUrgent)
    }

    @Test("another agent leads if it was seen to renew the Lease; one that only holds it may have ended")
    func living() async throws {
        var settings = LeaseSettings()
        settings.policy.retryPeriod = .milliseconds(10)
        let leases = ForeignLease(renewedFrom: 4)
        let elector = LeaderElector(
            client: leases, leadership: leadership, settings: settings, namespace: "web", name: "l", logger: log.logger)
        let asked = LineRecorder()
        let running = Task { await elector.run { asked.add("\($0) after \(leases.count)") } }
        #expect(await eventually { !asked.lines.isEmpty })
        running.cancel()
        await running.value
        #expect(asked.lines.first == "follows after 4")
        #expect(log.count("another agent leads") == 1)
    }
}

/// A Lease of another holder, which renews it from a certain read on.
private final class ForeignLease: KubeTransport {
    private let looks = Mutex((count: 0, areUrgent: true))
    private let renewedFrom: Int

    init(renewedFrom: Int) { self.renewedFrom = renewedFrom }

    var count: Int { looks.withLock { $0.count } }
    var areUrgent: Bool { looks.withLock { $0.areUrgent } }

    func send(_ request: Request) async throws(KubeError) -> Response {
        let number = looks.withLock { looks in
            looks.count += 1
            if !request.isUrgent { looks.areUrgent = false }
            return looks.count
        }
        let time = Timestamp(seconds: Int64(max(number - renewedFrom + 1, 0)))
        let lease: JSONValue = [
            "metadata": ["name": "secrets-distributor", "resourceVersion": .string("\(number)")],
            "spec": [
                "holderIdentity": "other", "leaseDurationSeconds": 3600, "renewTime": .string(time.rfc3339Micro),
            ],
        ]
        return Response(status: 200, body: lease.encoded())
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
        throw KubeError(request.operation, .transport(.shutDown))
    }
}
