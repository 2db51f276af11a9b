import Agent
import Distribution
import TestSupport
import Testing

/// What tests say of access policies.
enum Policies {
    static let broken = PolicyReading.unusable(["policy.yaml:3: spec.mode is \"Off\""])

    /// One that gives namespace `web` these files.
    static func policy(_ files: String, mode: String = "Enforce", to namespaces: String = "web") -> PolicyReading {
        let text = """
            kind: SecretsAccessPolicy
            spec:
              mode: \(mode)
              rules:
                - namespaces: ["\(namespaces)"]
                  files: ["\(files)"]
            """
        let parsed = PolicyManifest.parse(Array(text.utf8), file: "policy.yaml")
        #expect(parsed.problems.isEmpty)
        return parsed.policy.map { .usable($0) } ?? .unusable(parsed.problems.map(\.description))
    }
}

extension Bench {
    /// One that is to have a policy.
    static func policed(triesAtMost: Int? = nil, log: LineRecorder = LineRecorder()) -> Bench {
        Bench(triesAtMost: triesAtMost, logger: log.logger) { $0.policyPath = "/policy.yaml" }
    }

    /// The `Ready` condition of the last status.
    var ready: Condition? { get async { await store.lastStatus?.status.ready } }
}
