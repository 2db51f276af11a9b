import Distribution
import JSON
import Stores
import TestSupport
import Testing

/// Access policies for tests.
enum Policies {
    static let broken = PolicyReading.unusable(["policy.yaml:3: spec.mode is \"Off\""])

    /// A policy that permits these files in namespace `web`.
    static func policy(_ files: String, mode: String = "Enforce", to namespaces: String = "web") -> PolicyReading {
        let text = """
            kind: SecretsAccessPolicy
            spec:
              mode: \(mode)
              rules:
                - namespaces: ["\(namespaces)"]
                  files: ["\(files)"]
            """
        return parsed(text)
    }
}

extension Policies {
    /// A policy with so many rules that process every path to its end, and permit nothing for those who ask.
    static func costly(rules: Int = 800) -> PolicyReading {
        let all = (0..<rules).map { Self.rule("**/team-\($0)/*-*.pem", to: "team-\($0)") }
        return parsed("kind: SecretsAccessPolicy\nspec:\n  default: Allow\n  rules:\n" + all.joined())
    }

    private static func rule(_ file: String, to namespace: String) -> String {
        "  - {namespaces: [\"\(namespace)\"], files: [\"\(file)\"]}\n"
    }

    private static func parsed(_ text: String) -> PolicyReading {
        let parsed = PolicyManifest.parse(Array(text.utf8), file: "policy.yaml")
        #expect(parsed.problems.isEmpty)
        return parsed.policy.map { .usable($0) } ?? .unusable(parsed.problems.map(\.description))
    }

    /// A spec with many long paths that are not in the mount, with many characters that match parts of the rules.
    static func costlySpec(_ count: Int) -> JSONValue {
        let long = String(repeating: "team-1-", count: 140)
        return [
            "secrets": .array((0..<count).map { ["from": .string("\($0)-\(long)"), "to": .string("key-\($0)")] })
        ]
    }
}

extension Bench {
    /// A bench with an access policy.
    static func policed(log: LineRecorder = LineRecorder(), isTimeHeld: Bool = false) -> Bench {
        Bench(logger: log.logger, isTimeHeld: isTimeHeld) { $0.hasPolicy = true }
    }

    /// The `Ready` condition of the last status.
    var ready: Condition? { get async { await store.lastStatus?.status.ready } }
}
