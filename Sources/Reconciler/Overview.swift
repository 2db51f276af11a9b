package import Distribution
package import Observability

/// What the agent knows at one moment, for the status page and the metrics. Holds names and reasons, never content.
package struct Overview: Sendable {
    /// What is known of the mount.
    package struct MountState: Sendable {
        package var path: String
        /// The last generation that there was; nil: none yet.
        package var generation: String?
        /// When that came to be.
        package var createdAt: Timestamp?
        package var files = 0
        /// Of these: how many could not be read.
        package var failedFiles = 0
        /// Why there is no generation at present; nil: there is one.
        package var absence: String?
        /// The mount itself and the folders in it with generations of their own, sorted.
        package var volumes: [VolumeState] = []
    }

    /// What is known of a volume.
    package struct VolumeState: Sendable {
        /// `.` for the mount itself, else its folder.
        package var name: String
        package var generation: String
        package var createdAt: Timestamp
        /// False: its files are written one by one.
        package var isAtomic: Bool
        /// Why it has no generation at present; nil: it has one.
        package var absence: String?

        static func name(_ folder: String) -> String { folder.isEmpty ? "." : folder }
    }

    /// A distribution and how it fared.
    package struct Row: Sendable {
        package var distribution: ObjectKey
        /// Name of the Secret; nil if it names none.
        package var secret: String?
        /// Nil: not looked at yet.
        package var reason: Reason?
        package var message: String
        /// When the content of the Secret last changed, RFC 3339.
        package var lastUpdated: String?
        package var mountGeneration: String?
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
    /// Nil: no leader election.
    package var isLeader: Bool?
    /// Why the agent is not ready, a phrase each; empty if it is.
    package var unreadiness: [String]
    /// What it cannot do although it is ready, a phrase each.
    package var notes: [String] = []
    package var mount: MountState
    /// The last ones, newest first.
    package var rotations: [Rotation]
    /// Sorted by key. Those of other instances are not among them.
    package var rows: [Row]
    /// Sorted by expiry, the soonest first.
    package var certificates: [CertificateState]
}
