import JSON
import Kube
import Observability
import Testing

struct LeaseTests {
    /// As client-go v0.34 writes it, with an additional field.
    private let stored = """
        {
          "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
          "metadata": {"name": "l", "namespace": "n", "resourceVersion": "7", "labels": {"theirs": "x"}},
          "spec": {
            "holderIdentity": "host_1", "leaseDurationSeconds": 15, "leaseTransitions": 3, "strategy": "OldestEmulationVersion",
            "acquireTime": "2026-11-21T08:30:00.000000Z", "renewTime": "2026-11-21T08:31:07.012345Z"
          }
        }
        """

    @Test func `the fields are those of client-go`() throws {
        let lease = try JSONBytes.decode(Lease.self, from: Array(stored.utf8))
        #expect(lease.metadata.resourceVersion == "7")
        #expect(lease.spec.holder == "host_1")
        #expect(lease.spec.durationSeconds == 15)
        #expect(lease.spec.transitions == 3)
        #expect(lease.spec.acquireTime == Timestamp(rfc3339: "2026-11-21T08:30:00Z"))
        #expect(lease.spec.renewTime == Timestamp(rfc3339: "2026-11-21T08:31:07.012345Z"))
    }

    @Test(arguments: [
        "{\"metadata\":{\"name\":\"l\"}}", "{\"metadata\":{\"name\":\"l\"},\"spec\":{\"holderIdentity\":null}}",
    ])
    func `a Lease without content has an empty spec`(json: String) throws {
        let lease = try JSONBytes.decode(Lease.self, from: Array(json.utf8))
        #expect(lease.spec == Lease.Spec())
    }

    @Test(arguments: [
        (0, "000000"), (999, "000000"), (1_000, "000001"), (12_345_678, "012345"), (999_999_999, "999999"),
    ])
    func `times have exactly six fractional digits`(nanoseconds: Int64, digits: String) {
        var spec = Lease.Spec()
        spec.renewTime = Timestamp(seconds: 1_795_249_800, nanoseconds: nanoseconds)
        let patch = spec.mergePatch(resourceVersion: "7")
        #expect(patch["spec"]?["renewTime"]?.string == "2026-11-21T08:30:00.\(digits)Z")
    }

    @Test func `an update names the version that was read, and only our fields`() throws {
        let lease = try JSONBytes.decode(Lease.self, from: Array(stored.utf8))
        let expected: JSONValue = [
            "metadata": ["resourceVersion": "7"],
            "spec": [
                "holderIdentity": "host_1", "leaseDurationSeconds": 15, "leaseTransitions": 3,
                "acquireTime": "2026-11-21T08:30:00.000000Z", "renewTime": "2026-11-21T08:31:07.012345Z",
            ],
        ]
        #expect(lease.spec.mergePatch(resourceVersion: "7") == expected)
    }

    @Test func `a new Lease is a manifest with its name`() {
        let manifest = Lease.Spec().manifest(name: "l", namespace: "n")
        #expect(manifest["apiVersion"] == "coordination.k8s.io/v1")
        #expect(manifest["metadata"] == ["name": "l", "namespace": "n"])
        #expect(manifest["spec"] == ["holderIdentity": "", "leaseTransitions": 0])
    }
}
