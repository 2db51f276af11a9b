package import Observability
import Snapshots

/// The generations that this process has seen in its mount.
///
/// Two agents can read different mounts, on two nodes or during a rolling update, and each mount is updated at its own
/// time. An agent whose mount is behind must not overwrite newer content with older content. The name of a generation
/// contains its creation time. Of two generations seen here, the one seen first is older, regardless of clocks.
package struct GenerationHistory: Sendable {
    /// The maximum number of generations that are kept. Targets of older ones were updated long ago.
    private static let limit = 256

    /// In seconds: how far a creation time may be ahead of our clock. A time further ahead is ignored, because a clock
    /// was wrong and waiting for it would delay a rotation.
    private static let clockSkew: Int64 = 300

    /// By the volume's folder: its generations, oldest first. The last one is the current generation.
    private var names: [String: [String]] = [:]

    package init() {}

    /// Adds the current generation of each volume.
    ///
    /// - Parameter generation: in the format of `MountGeneration`.
    package mutating func append(_ generation: String) {
        for (volume, name) in MountGeneration(parsing: generation).names {
            var names = self.names.removeValue(forKey: volume) ?? []
            names.removeAll { $0 == name }
            if names.count == Self.limit { names.removeFirst() }
            names.append(name)
            self.names[volume] = names
        }
    }

    /// Whether `generation` is newer than our mount's in any volume that it names.
    ///
    /// - Parameters:
    ///   - generation: the generation in a target's annotation; nil if there is none.
    ///   - now: the wall clock.
    package func isNewerThanOurs(_ generation: String?, now: Timestamp) -> Bool {
        !volumesBehind(generation, now: now).isEmpty
    }

    /// The folders of the volumes in which `generation` is newer than our mount's.
    package func volumesBehind(_ generation: String?, now: Timestamp) -> Set<String> {
        guard let generation else { return [] }
        return Set(
            MountGeneration(parsing: generation).names
                .filter { isNewer($0.value, than: names[$0.key] ?? [], now: now) }.keys)
    }

    private func isNewer(_ generation: String, than names: [String], now: Timestamp) -> Bool {
        guard let current = names.last, !names.contains(generation),
            let theirs = Self.time(of: generation), let ours = Self.time(of: current)
        else { return false }
        return ours < theirs && theirs.seconds <= now.seconds + Self.clockSkew
    }

    /// The creation time in the name of a generation. The kubelet and the CSI driver name its directory
    /// `..2026_11_21_08_30_00.123456789`, in UTC and with a random suffix (Kubernetes,
    /// `pkg/volume/util/atomic_writer.go`). The generation of a plain folder is the time itself. Nil for any other
    /// name.
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
