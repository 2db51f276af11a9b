import Glibc
import LinuxIO

/// Two network namespaces with a cable between them, which can drop all packets silently. The namespaces have no names
/// and end with the processes that hold them. Needs root and iproute2.
package final class NetworkPair: Sendable {
    /// The address of the far end.
    package static let address = "10.0.0.2"

    /// Whether this process can create one; often not even root in a container can.
    package static func isPossible() async throws -> Bool {
        guard geteuid() == 0 else { return false }
        let log = try ScratchFolder()("network.log")
        let words = ["unshare", "--net", "ip", "link", "add", "name", "near", "type", "veth", "peer", "name", "far"]
        return (try? await ServerProcess.run(words, log: log)) != nil
    }

    private let near: ServerProcess
    private let far: ServerProcess
    private let log: String

    package static func make() async throws -> NetworkPair {
        let log = try ScratchFolder()("network.log")
        let near = try await ServerProcess("unshare", ["--net", "sleep", "infinity"], log: log)
        let far = try await ServerProcess("unshare", ["--net", "sleep", "infinity"], log: log)
        let pair = NetworkPair(near, far, log)
        guard await eventually({ pair.isApart }) else {
            throw ServerProcess.StartError(description: "unshare(1) cannot create a network namespace, see \(log)")
        }
        try await pair.run(
            in: near,
            """
            ip link add name cable address 02:00:00:00:00:01 type veth \
                peer name cable address 02:00:00:00:00:02 netns \(far.identifier)
            ip address add 10.0.0.1/30 dev cable
            ip link set cable up
            """)
        try await pair.run(in: far, "ip address add \(address)/30 dev cable && ip link set cable up")
        try await pair.restore()
        return pair
    }

    private init(_ near: ServerProcess, _ far: ServerProcess, _ log: String) {
        self.near = near
        self.far = far
        self.log = log
    }

    /// The command that runs another command at the near end.
    package var enterNear: [String] { ["/usr/bin/nsenter", "--net=\(Self.namespace(near))", "--"] }

    /// A socket that listens at the far end, on a port of its own.
    package func listener() async throws -> Int32 {
        let path = Self.namespace(far)
        let socket = await OwnedThread.value(name: "far end") { () -> Int32 in
            // A namespace belongs to a thread, and a socket stays in the namespace in which it was created (setns(2)).
            let file = open(path, O_RDONLY | O_CLOEXEC)
            defer { close(file) }
            guard file >= 0, let symbol = dlsym(nil, "setns") else { return -1 }
            let setns = unsafeBitCast(symbol, to: (@convention(c) (Int32, Int32) -> Int32).self)
            guard setns(file, 0) == 0 else { return -1 }
            return (try? LoopbackPort.listen(onAllAddresses: true)) ?? -1
        }
        guard socket >= 0 else { throw LoopbackPort.Failure() }
        return socket
    }

    /// Drops all packets without an error: each gets a link address that no interface has.
    package func drop() async throws { try await setNeighbours("02:00:00:00:00:ff", "02:00:00:00:00:ff") }

    package func restore() async throws { try await setNeighbours("02:00:00:00:00:02", "02:00:00:00:00:01") }

    package func end() async {
        await near.kill()
        await far.kill()
    }

    private func setNeighbours(_ seenFromNear: String, _ seenFromFar: String) async throws {
        try await run(in: near, "ip neighbour replace \(Self.address) lladdr \(seenFromNear) dev cable nud permanent")
        try await run(in: far, "ip neighbour replace 10.0.0.1 lladdr \(seenFromFar) dev cable nud permanent")
    }

    private func run(in end: ServerProcess, _ script: String) async throws {
        let path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
        try await ServerProcess.run(
            ["nsenter", "--net=\(Self.namespace(end))", "env", path, "sh", "-ec", script], log: log)
    }

    private static func namespace(_ process: ServerProcess) -> String { "/proc/\(process.identifier)/ns/net" }

    /// Whether both processes have left the namespace of the tests.
    private var isApart: Bool {
        let names = [near.identifier, far.identifier, getpid()].map { identifier in
            var buffer = [CChar](repeating: 0, count: 64)
            let count = readlink("/proc/\(identifier)/ns/net", &buffer, buffer.count)
            return String(decoding: buffer.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        return Set(names).count == 3 && !names.contains("")
    }
}
