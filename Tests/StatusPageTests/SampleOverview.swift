import Distribution
import Observability

@testable import Reconciler

extension Overview {
    /// The overview of an agent without any data.
    static var empty: Overview {
        Overview(
            version: "0.1.0", startedAt: sampleNow - 5, now: sampleNow, managedBy: "secrets-distributor",
            isDryRun: false,
            unreadiness: [], mount: MountState(path: "/mnt/secrets"), rotations: [], rows: [], certificates: [])
    }

    static let sampleNow = Timestamp(seconds: 1_795_249_800)

    /// A realistic overview: twelve distributions, of which two are held back.
    static var sample: Overview {
        var sample = empty
        sample.startedAt = sampleNow - 11 * 86_400 - 4 * 3600
        sample.isLeader = true
        sample.mount.generation = "..2026_11_21_05_16_34.4127885307"
        sample.mount.createdAt = sampleNow - 2 * 3600 - 14 * 60
        sample.mount.files = 19
        sample.rows = [
            row("argocd", "repository", "repo-credentials", .synced, 9 * 86_400),
            row("billing", "database", "postgres-credentials", .synced, 2 * 3600 + 14 * 60),
            row("billing", "stripe", "stripe-api", .synced, 41 * 86_400),
            row(
                "data-platform", "kafka-client", "kafka-client-tls", .pairMismatch, 26 * 3600,
                "certificate KafkaClientCertificate and key KafkaClientKey do not belong together; the last content stays"
            ),
            row("flux-system", "registry", "ghcr-pull", .synced, 3 * 86_400),
            row("jupyterhub", "cookie", "jupyter-cookie-secret", .synced, 87 * 86_400),
            row("jupyterhub", "wildcard", "wildcard-tls", .synced, 2 * 3600 + 14 * 60),
            row("keycloak", "database", "keycloak-db", .synced, 12 * 86_400),
            row("monitoring", "alertmanager", "alertmanager-webhook", .synced, 30 * 86_400),
            row(
                "reporting", "warehouse", "snowflake-key", .sourceNotFound, nil,
                "the mount has no file SnowflakePrivateKey"),
            row("web", "session", "session-signing-key", .synced, 5 * 3600),
            row("web", "wildcard", "wildcard-tls", .synced, 2 * 3600 + 14 * 60),
        ]
        sample.rotations = [
            rotation(
                "..2026_11_21_05_16_34.4127885307", 2 * 3600 + 14 * 60,
                ["PostgresPassword", "WildcardCertificate", "WildcardCertificateKey"], 3, 0, .milliseconds(412)),
            rotation("..2026_11_21_02_31_02.1180026643", 5 * 3600, ["SessionSigningKey"], 1, 0, .milliseconds(287)),
            rotation(
                "..2026_11_20_05_30_11.3391220415", 26 * 3600, ["KafkaClientCertificate"], 0, 1, .milliseconds(38)),
            rotation("..2026_11_18_07_30_55.0927461850", 3 * 86_400, ["RegistryPassword"], 1, 0, .milliseconds(1_430)),
        ]
        sample.certificates = [
            certificate("data-platform", "kafka-client-tls", 6 * 86_400),
            certificate("istio-system", "gateway-tls", 24 * 86_400),
            certificate("jupyterhub", "wildcard-tls", 364 * 86_400),
            certificate("web", "wildcard-tls", 364 * 86_400),
        ]
        return sample
    }

    static func row(
        _ namespace: String, _ name: String, _ secret: String?, _ reason: Reason?, _ age: Int64?,
        _ message: String = "in sync"
    ) -> Row {
        Row(
            distribution: ObjectKey(namespace: namespace, name: name), secret: secret, reason: reason, message: message,
            lastUpdated: age.map { (sampleNow - $0).rfc3339 }, mountGeneration: nil)
    }

    private static func rotation(
        _ generation: String, _ age: Int64, _ files: [String], _ written: Int, _ heldBack: Int, _ took: Duration
    ) -> Rotation {
        var rotation = Rotation(
            generation: generation, changedAt: sampleNow - age, files: files, targets: written + heldBack,
            written: written, heldBack: heldBack, took: took)
        rotation.secrets = (0..<min(written, Rotation.mostNamed)).map {
            ObjectKey(namespace: "team-\($0)", name: "tls")
        }
        return rotation
    }

    static func certificate(_ namespace: String, _ name: String, _ left: Int64) -> CertificateState {
        CertificateState(secret: ObjectKey(namespace: namespace, name: name), expiresAt: sampleNow - -left)
    }
}

/// A time this many seconds earlier.
func - (time: Timestamp, seconds: Int64) -> Timestamp {
    Timestamp(seconds: time.seconds - seconds, nanoseconds: time.nanoseconds)
}
