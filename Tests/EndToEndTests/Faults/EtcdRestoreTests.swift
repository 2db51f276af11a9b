import Distribution
import Kube
import TestSupport
import TestTraits
import Testing

/// Everything goes back to an earlier state, including resource versions: the Secret, the changed spec and the status.
@Suite("After etcd was restored from a backup", .endsIfHung)
struct EtcdRestoreTests {
    @Test("an agent whose watches were cut lists again: the restored spec is in force, now and at the next rotation")
    func reconnect() async throws {
        try await withServer { world in
            let volume = try AtomicVolume(world.mount)
            try await world.withAgent {
                try await beforeTheRestore(world, volume)
                try await world.server.restoreEtcd()
                try await afterTheRestore(world, volume)
            }
        }
    }

    @Test("a resync repairs what the watches have missed")
    func resync() async throws {
        try await withServer { world in
            let volume = try AtomicVolume(world.mount)
            let client = try world.server.client(.admin)
            defer { client.shutdown() }
            let feeds = DeafWatches(client)
            try await world.withAgent(over: feeds) {
                $0.resyncInterval = .seconds(5)
            } _: {
                try await beforeTheRestore(world, volume)
                feeds.isDeaf.isOn = true
                try await world.server.restoreEtcd()
                feeds.isDeaf.isOn = false
                try await afterTheRestore(world, volume)
            }
        }
    }

    @Test("a restarted agent follows the restored state")
    func restart() async throws {
        try await withServer { world in
            let volume = try AtomicVolume(world.mount)
            try await world.withAgent { try await beforeTheRestore(world, volume) }
            try await world.server.restoreEtcd()
            try await World(sharing: world).withAgent { try await afterTheRestore(world, volume) }
        }
    }

    private func beforeTheRestore(_ world: World, _ volume: AtomicVolume) async throws {
        try volume.write(["a": "one"])
        try await world.create(world.distribution("app", [("a", "A")]))
        try await world.expect("app", ["A": "one"])
        try await world.expect("app", .synced)
        try await world.server.backUpEtcd()
        try volume.write(["a": "two"])
        try await world.expect("app", ["A": "two"])
        try await world.patch("app", ["spec": ["secrets": [["from": "a", "to": "B"]]]])
        try await world.create(world.distribution("lost", [("a", "a")]))
        try await world.expect("app", ["B": "two"])
        try await world.expect("lost", .synced)
        let generation = try await world.distribution("app").generation
        #expect(
            try await eventually {
                try await world.distribution("app").status.ready?.observedGeneration == generation
            })
    }

    private func afterTheRestore(_ world: World, _ volume: AtomicVolume) async throws {
        try await world.expect("app", ["A": "two"])
        let written = try await world.secret("app")?.metadata.annotations?[WellKnownKeys.mountGeneration]
        #expect(
            try await eventually {
                let distribution = try await world.distribution("app")
                return distribution.status.ready?.reason == Reason.synced.rawValue
                    && distribution.status.ready?.observedGeneration == distribution.generation
                    && distribution.status.mountGeneration == written
            })
        // Created after the backup: no distribution for this Secret exists any more.
        #expect(try await world.secret("lost") == nil)
        try volume.write(["a": "three"])
        try await world.expect("app", ["A": "three"])
        try await world.expect("app", .synced)
    }
}

/// While `isDeaf` is on, open watches deliver no events and do not end.
private final class DeafWatches: KubeTransport {
    let isDeaf = Switch(false)
    private let client: any KubeTransport

    init(_ client: any KubeTransport) { self.client = client }

    func send(_ request: Request) async throws(KubeError) -> Response { try await client.send(request) }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
        DeafStream(stream: try await client.stream(request), isDeaf: isDeaf, operation: request.operation)
    }
}

private struct DeafStream: ByteStream {
    let stream: any ByteStream
    let isDeaf: Switch
    let operation: Kube.Operation

    func next() async throws(KubeError) -> [UInt8]? {
        do {
            let chunk = try await stream.next()
            if !isDeaf.isOn { return chunk }
        } catch {
            if !isDeaf.isOn { throw error }
        }
        while !Task.isCancelled { try? await Task.sleep(for: .milliseconds(50)) }
        throw KubeError(operation, .transport(.cancelled))
    }
}
