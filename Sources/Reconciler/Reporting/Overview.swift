package import Distribution
package import Observability

/// The agent's state at one moment, for the status page and the metrics. Contains names and reasons, never secret
/// values.
package struct Overview: Sendable {
    /// The state of the mount.
    package struct MountState: Sendable {
        package var path: String
        /// The last generation; nil before the first.
        package var generation: String?
        /// When the last generation was created.
        package var createdAt: Timestamp?
        package var files = 0
        /// The number of these files that could not be read.
        package var failedFiles = 0
        /// Why there is no generation now; nil if there is one.
        package var absence: String?
        /// The mount itself and the folders in it that have their own generations, sorted.
        package var volumes: [VolumeState] = []
    }

    /// The state of a volume.
    package struct VolumeState: Sendable {
        /// `.` for the mount itself, otherwise its folder.
        package var name: String
        package var generation: String
        package var createdAt: Timestamp
        /// False if its files are written one by one.
        package var isAtomic: Bool
        /// Why it has no generation now; nil if it has one.
        package var absence: String?

        static func name(_ folder: String) -> String { folder.isEmpty ? "." : folder }
    }

    /// A distribution and its status.
    package struct Row: Sendable {
        package var distribution: ObjectKey
        /// Name of the Secret; nil if the distribution names none.
        package var secret: String?
        /// Nil if the distribution was not reconciled yet.
        package var reason: Reason?
        package var message: String
        /// When the content of the Secret last changed, RFC 3339.
        package var lastUpdated: String?
        package var mountGeneration: String?
        /// The versions of the vault's objects that the Secret holds; empty if they are not known.
        package var sources: [SourceVersion] = []
    }

    /// The certificate that a target of type `kubernetes.io/tls` holds.
    package struct CertificateState: Sendable {
        package var secret: ObjectKey
        package var expiresAt: Timestamp
    }

    package var version = Version.number
    package var startedAt: Timestamp
    package var now: Timestamp
    package var managedBy: String
    package var isDryRun: Bool
    /// Nil if there is no leader election.
    package var isLeader: Bool?
    /// Why the agent is not ready, as phrases; empty if it is ready.
    package var unreadiness: [String]
    /// What does not work although the agent is ready, as phrases.
    package var notes: [String] = []
    package var mount: MountState
    /// The last rotations, newest first.
    package var rotations: [Rotation]
    /// The distributions of this instance, sorted by key.
    package var rows: [Row]
    /// Sorted by expiry, the soonest first.
    package var certificates: [CertificateState]
}
