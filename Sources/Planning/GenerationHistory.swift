package import Observability
import Snapshots

/// The generations that this process has seen its mount hold.
///
/// Two agents can look at two mounts, on two nodes or for the time of a rolling update, and each mount is brought up to
/// date in its own time. The one that is behind must not write its older content over the newer. The name of a
/// generation tells when it was made; what was seen here is known to be older than what came here after it, whatever
/// the clocks said.
package struct GenerationHistory: Sendable {
    /// How many generations are remembered; the targets of older ones were brought in line long ago.
    private static let limit = 256

    /// How far ahead of our clock a time may lie and still be believed: further on, somebody's clock was wrong, and
    /// waiting for that time would keep a rotation back.
    private static let clockSkew: Int64 = 300

    /// By the volume's folder: oldest first; the last one is the volume's present generation.
    private var names: [String: [String]] = [:]

    package init() {}

    /// - Parameter generation: of each volume, as `MountGeneration` writes it.
    package mutating func append(_ generation: String) {
        for (volume, name) in MountGeneration(parsing: generation).names {
            var names = self.names.removeValue(forKey: volume) ?? []
            names.removeAll { $0 == name }
            if names.count == Self.limit { names.removeFirst() }
            names.append(name)
            self.names[volume] = names
        }
    }

    /// Whether content of `generation` is newer than what the mount holds here, in any volume that it names.
    ///
    /// - Parameters:
    ///   - generation: as a target names it; nil if it does not.
    ///   - now: what the wall clock says.
    package func isBehind(_ generation: String?, now: Timestamp) -> Bool {
        !volumesBehind(generation, now: now).isEmpty
    }

    /// The folders of the volumes of which content of `generation` is newer than what the mount holds here.
    package func volumesBehind(_ generation: String?, now: Timestamp) -> Set<String> {
        guard let generation else { return [] }
        return Set(
            MountGeneration(parsing: generation).names
                .filter { isBehind($0.value, of: names[$0.key] ?? [], now: now) }.keys)
    }

    private func isBehind(_ generation: String, of names: [String], now: Timestamp) -> Bool {
        guard let current = names.last, !names.contains(generation),
            let theirs = Self.time(of: generation), let ours = Self.time(of: current)
        else { return false }
        return ours < theirs && theirs.seconds <= now.seconds + Self.clockSkew
    }

    /// When a generation was made: the kubelet and the CSI driver name its directory `..2026_11_21_08_30_00.123456789`,
    /// in UTC and with a random end (Kubernetes, `pkg/volume/util/atomic_writer.go`); a plain folder's is the time
    /// itself. Nil for any other name.
    static func time(of generation: String) -> Timestamp? {
        guard generation.hasPrefix("..") else { return Timestamp(rfc3339: generation) }
        let fields = generation.utf8.dropFirst(2).prefix { $0 != UInt8(ascii: ".") }
            .split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false).compactMap { String($0) }
        guard fields.count == 6 else { return nil }
        let date = fields[..<3].joined(separator: "-")
        let time = fields[3...].joined(separator: ":")
        return Timestamp(rfc3339: "\(date)T\(time)Z")
    }
}
