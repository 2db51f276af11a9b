import DistributionSupport
import Observability
import Snapshots
import TestSupport
import Testing

@testable import Distribution
@testable import JSON
@testable import Planning

@Suite("The review of a target") struct TargetReviewTests {
    // MARK: Pairs

    @Test("accepts a matching pair")
    func fits() throws {
        let pair = try TLSPair.make("a")
        let review = try tls(pair.certificate, pair.key)
        #expect(review.refusal == nil)
        #expect(review.warnings == [])
    }

    @Test("holds back a pair that does not match, and names both source files", arguments: Misfit.all)
    func misfits(misfit: Misfit) throws {
        let (chain, key) = try misfit.files()
        let review = try tls(chain, key)
        #expect(review.refusal == Refusal(.pairMismatch, misfit.message))
        #expect(review.warnings == [])
    }

    @Test("holds back a ca.crt that is not strictly PEM, and names the line; one without PEM blocks is written")
    func authority() throws {
        let (pair, root) = (try TLSPair.make("a"), try TLSPair.make("root", isAuthority: true))
        let mappings = [("c", "tls.crt"), ("k", "tls.key"), ("r", "ca.crt")]
        let message = { (authority: String) in
            let files = ["c": pair.certificate, "k": pair.key, "r": authority]
            return try review(type: "kubernetes.io/tls", mappings, from: Snapshot(files)).refusal
        }
        for authority in [root.certificate, "# roots\n\n" + root.chain(pair), "", "none"] {
            #expect(try message(authority) == nil)
        }
        for (authority, problem) in [
            ("\u{feff}" + root.certificate, "line 1 (PEM block 1) has a byte order mark before -----BEGIN"),
            (root.certificate + "x" + pair.certificate, "has something before -----BEGIN"),
        ] {
            let refusal = try #require(try message(authority))
            #expect(refusal.reason == .pairMismatch)
            #expect(refusal.message.hasPrefix("Source file \"r\" is not PEM that all servers can read (RFC 7468): "))
            #expect(refusal.message.contains(problem))
        }
    }

    @Test("shows file names on one line")
    func strangeNames() throws {
        let snapshot = Snapshot(["c\n1": "x", "k\n2": "y"])
        let message = try review(type: "kubernetes.io/tls", [("c\n1", "tls.crt"), ("k\n2", "tls.key")], from: snapshot)
            .refusal?.message
        #expect(message == "Source file \"c\\n1\" holds no PEM certificate, expected the one for the key in \"k\\n2\".")
    }

    @Test("warns about a key that it cannot check", arguments: [TLSPair.KeyForm.pkcs8Encrypted, .traditionalEncrypted])
    func encrypted(form: TLSPair.KeyForm) throws {
        let review = try tls(try TLSPair.make("a").certificate, try TLSPair.make("b").key(as: form))
        #expect(review.refusal == nil)
        #expect(
            review.warnings == [
                "Cannot check whether the key in \"k\" belongs to the certificate in \"c\": the key is encrypted."
            ])
    }

    @Test("warns about a kind of key that common servers reject, and writes it")
    func uncommonKey() throws {
        let pair = try TLSPair.make("a", kind: .ed448)
        let review = try tls(pair.certificate, pair.key)
        #expect(review.refusal == nil)
        #expect(review.warnings == ["The key of the certificate in \"c\" is ED448, which is rejected by Go."])
    }

    @Test("warns about a key of an unknown kind")
    func unknownKind() throws {
        let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE=\n-----END OPENSSH PRIVATE KEY-----\n"
        let review = try tls(try TLSPair.make("a").certificate, key)
        #expect(review.refusal == nil)
        #expect(
            review.warnings == [
                "Cannot check whether source files \"c\" and \"k\" belong together: unknown kind of key."
            ])
    }

    @Test(
        "warns about a certificate that is not valid at the time, to the second",
        arguments: [
            (999, ["The certificate in \"c\" is not valid before 1970-01-01T00:16:40Z."]), (1000, []), (2000, []),
            (2001, ["The certificate in \"c\" expired at 1970-01-01T00:33:20Z."]),
        ] as [(Int64, [String])])
    func validity(now: Int64, warnings: [String]) throws {
        let pair = try TLSPair.make("a", validity: 1000...2000)
        let review = try tls(pair.certificate, pair.key, now: Timestamp(seconds: now))
        #expect(review.refusal == nil)
        #expect(review.warnings == warnings)
    }

    @Test("checks a pair once, however many targets it feeds")
    func once() throws {
        var checks = CertificateCheckCache()
        let pair = try TLSPair.make("a")
        for number in 1...10 {
            let snapshot = Snapshot(["c\(number)": pair.certificate, "k\(number)": pair.key])
            let mappings = [("c\(number)", "tls.crt"), ("k\(number)", "tls.key")]
            #expect(try review(type: "kubernetes.io/tls", mappings, from: snapshot, checks: &checks).refusal == nil)
        }
        #expect(checks.count == 1)
        // Another key is a different pair.
        let mixed = Snapshot(["c": pair.certificate, "k": try TLSPair.make("b").key])
        let mappings = [("c", "tls.crt"), ("k", "tls.key")]
        #expect(try review(type: "kubernetes.io/tls", mappings, from: mixed, checks: &checks).refusal != nil)
        #expect(checks.count == 2)
    }

    @Test("checks pairs of that type only")
    func otherTypes() throws {
        let snapshot = Snapshot(["c": "certificate 1", "k": "key 2"])
        for type in ["Opaque", "example.com/tls"] {
            let review = try review(type: type, [("c", "tls.crt"), ("k", "tls.key")], from: snapshot)
            #expect(review.refusal == nil)
            #expect(review.warnings == [])
        }
    }

    // MARK: Values that a type cannot take

    @Test(
        "holds back a value that must be a JSON object and is not",
        arguments: [
            ("kubernetes.io/dockerconfigjson", ".dockerconfigjson"), ("kubernetes.io/dockercfg", ".dockercfg"),
        ])
    func dockerConfig(type: String, key: String) throws {
        let judge = { try review(type: type, [("f", key)], from: Snapshot(["f": $0])).refusal }
        #expect(try judge(#"{"auths": {"example.com": {"auth": "dXNlcjpwYXNz"}}}"#) == nil)
        let message = "Source file \"f\" is not a JSON object, which a Secret of type \(type) cannot hold as \(key)."
        for text in ["", "[]", "null", "hunter2", #"{"auths": hunter2}"#, #"{"a": 1}}"#] {
            #expect(try judge(text) == Refusal(.sourceUnreadable, message))
        }
    }

    @Test("holds back an SSH key that is empty")
    func sshKey() throws {
        let judge = {
            try review(type: "kubernetes.io/ssh-auth", [("f", "ssh-privatekey")], from: Snapshot(["f": $0])).refusal
        }
        #expect(try judge("anything") == nil)
        let message =
            "Source file \"f\" is empty, which a Secret of type kubernetes.io/ssh-auth cannot hold as ssh-privatekey."
        #expect(try judge("") == Refusal(.sourceUnreadable, message))
    }

    @Test("holds back a target without a required key of its type because an optional source is missing")
    func missingOptional() throws {
        let pair = try TLSPair.make("a")
        let refusal = try review(
            type: "kubernetes.io/tls", [("c", "tls.crt"), ("k", "tls.key")], optional: true,
            from: Snapshot(["c": pair.certificate])
        ).refusal
        #expect(
            refusal
                == Refusal(
                    .sourceNotFound,
                    "The mount has no file \"k\"; it is optional, but a Secret of type kubernetes.io/tls must have"
                        + " tls.key."))
    }

    @Test("accepts a name or a password for basic authentication, including an empty one")
    func basicAuth() throws {
        let judge = {
            try review(
                type: "kubernetes.io/basic-auth", [("u", "username"), ("p", "password")], optional: true,
                from: Snapshot($0)
            ).refusal
        }
        #expect(try judge(["u": ""]) == nil)
        #expect(try judge(["p": "hunter2"]) == nil)
        #expect(
            try judge(["other": ""])
                == Refusal(
                    .sourceNotFound,
                    "The mount has no file \"u\", \"p\"; it is optional, but a Secret of type"
                        + " kubernetes.io/basic-auth must have username or password."))
    }

    // MARK: Emptied sources

    @Test("holds back a source that became empty, of any type")
    func emptied() throws {
        let message =
            "Source file \"a\" became empty, expected content as before; spec.validation: None allows it."
        let observed = ObservedTarget.inLine { $0.digests = ["A": Digest("one")] }
        let refusal = try review([("a", "A")], from: Snapshot(["a": ""]), over: observed).refusal
        #expect(refusal == Refusal(.sourceUnreadable, message))
    }

    @Test("names all sources that became empty")
    func allEmptied() throws {
        let observed = ObservedTarget.inLine { $0.digests = ["A": Digest("1"), "B": Digest("2"), "C": Digest("3")] }
        let snapshot = Snapshot(["b": "", "a": "", "c": "3"])
        let refusal = try review([("b", "B"), ("a", "A"), ("c", "C")], from: snapshot, over: observed).refusal
        #expect(refusal?.message.hasPrefix("Source file \"a\", \"b\" became empty,") == true)
    }

    @Test("accepts an empty source if it was empty before, or is new")
    func emptyAsBefore() throws {
        let empty = Snapshot(["a": ""])
        #expect(try review([("a", "A")], from: empty, over: nil).refusal == nil)
        let before = ObservedTarget.inLine { $0.digests = ["A": Digest("")] }
        #expect(try review([("a", "A")], from: empty, over: before).refusal == nil)
        let other = ObservedTarget.inLine { $0.digests = ["B": Digest("one")] }
        #expect(try review([("a", "A")], from: empty, over: other).refusal == nil)
    }

    @Test("distinguishes an edited Secret from a source that became empty: its generation is the current one")
    func edited() throws {
        let edited = ObservedTarget.inLine {
            $0.digests = ["A": Digest("by hand")]
            $0.annotations[WellKnownKeys.mountGeneration] = "..now"
        }
        #expect(try review([("a", "A")], from: Snapshot(["a": ""], generation: "..now"), over: edited).refusal == nil)
    }

    // MARK: Absent volumes

    @Test("keeps the keys of a folder while a whole volume in it is missing")
    func absentVolumeInFolder() throws {
        let patch: JSONValue = ["spec": ["secrets": [], "dataFrom": [["folder": ".", "include": ["**"]]]]]
        let distribution = try Manifest.amended(patch)
        let desired = try DesiredTarget(distribution, from: Snapshot(["a": "1"]), managedBy: "agent")
        let refusal = { (generation: String) in
            let observed = ObservedTarget.inLine {
                $0.digests["more"] = Digest("1")
                $0.annotations[WellKnownKeys.mountGeneration] = generation
            }
            var checks = CertificateCheckCache()
            return TargetReview(
                of: desired, by: distribution.spec, over: observed, checks: &checks, now: Timestamp(seconds: 0)
            ).refusal
        }
        #expect(refusal("..before") == nil)
        #expect(
            refusal("..before, azure/..1")
                == Refusal(
                    .sourceUnreadable,
                    "Folder \".\" lacks the volume \"azure\", which may have more keys, expected that volume in the mount."
                ))
    }

    @Test(
        "keeps an optional key if its source is missing with its whole folder or volume",
        arguments: ["None", nil] as [String?])
    func absentVolume(validation: String?) throws {
        let judge = { (key: String, generation: String, change: (inout Snapshot) -> Void) in
            var snapshot = Snapshot(["a": "1"], generation: "..now")
            change(&snapshot)
            let observed = ObservedTarget.inLine {
                $0.digests = ["A": Digest("1"), key: Digest("one")]
                $0.annotations[WellKnownKeys.mountGeneration] = generation
            }
            return try review(
                [("a", "A"), ("azure/pw", "PW")], optional: true, validation: validation, from: snapshot,
                over: observed
            ).refusal
        }
        let volume = Snapshot.Volume(generation: "..1", createdAt: Timestamp(seconds: 0))
        // The file is really missing.
        #expect(try judge("PW", "..now") { _ in } == nil)
        #expect(try judge("PW", "azure/..1, ..now") { $0.volumes["azure"] = volume } == nil)
        #expect(try judge("PW", "azur/..1, ..now") { _ in } == nil)
        // It never existed.
        #expect(try judge("OTHER", "azure/..1, ..now") { $0.emptyFolders = ["azure"] } == nil)
        #expect(
            try judge("PW", "..now") { $0.emptyFolders = ["azure"] }
                == Refusal(
                    .sourceUnreadable,
                    "Source file \"azure/pw\" is missing and folder \"azure\" is empty, as before a volume is"
                        + " mounted there; \"PW\" is kept while the folder is empty."))
        #expect(
            try judge("PW", "..before, azure/..1") { _ in }
                == Refusal(
                    .sourceUnreadable,
                    "Source file \"azure/pw\" is missing with the whole volume \"azure\" that \"PW\" came from, expected"
                        + " that volume in the mount."))
    }

    // MARK: Turned off

    @Test("does nothing with spec.validation: None", arguments: ["", "{", "hunter2"])
    func turnedOff(content: String) throws {
        let observed = ObservedTarget.inLine { $0.digests = ["tls.crt": Digest("1"), "tls.key": Digest("2")] }
        for type in SecretType.allCases {
            let keys = type.requiredKeys.flatMap { $0 }
            let review = try review(
                type: type.rawValue, keys.map { ("f", $0) }, validation: "None", from: Snapshot(["f": content]),
                over: observed)
            #expect(review.refusal == nil)
            #expect(review.warnings == [])
        }
    }

    // MARK: The plan

    @Test("that holds back makes the plan empty, whether there is a target or not")
    func plan() throws {
        let desired = try DesiredTarget(Manifest.amended(), from: Snapshot(["password": "two"]), managedBy: "agent")
        let held = Refusal(.pairMismatch, "They do not fit.")
        for observed in [nil, ObservedTarget.inLine()] {
            let plan = Plan(desired: desired, observed: observed, managedBy: "agent", held: held)
            guard case .refuse(held) = plan else { throw UnexpectedPlan(plan: "\(plan)") }
        }
        let foreign = ObservedTarget.inLine { $0.annotations = [:] }
        let plan = Plan(desired: desired, observed: foreign, managedBy: "agent", held: held)
        guard case .refuse(let refusal) = plan else { throw UnexpectedPlan(plan: "\(plan)") }
        #expect(refusal.reason == .notManaged)
    }

    // MARK: Helpers

    private func tls(
        _ chain: String, _ key: String, now: Timestamp = .now()
    ) throws -> TargetReview {
        try review(
            type: "kubernetes.io/tls", [("c", "tls.crt"), ("k", "tls.key")], from: Snapshot(["c": chain, "k": key]),
            now: now)
    }

    private func review(
        type: String = "Opaque", _ mappings: [(String, String)], optional: Bool = false, validation: String? = nil,
        from snapshot: Snapshot, over observed: ObservedTarget? = nil, now: Timestamp = .now()
    ) throws -> TargetReview {
        var checks = CertificateCheckCache()
        return try review(
            type: type, mappings, optional: optional, validation: validation, from: snapshot, over: observed,
            checks: &checks, now: now)
    }

    private func review(
        type: String, _ mappings: [(String, String)], optional: Bool = false, validation: String? = nil,
        from snapshot: Snapshot, over observed: ObservedTarget? = nil, checks: inout CertificateCheckCache,
        now: Timestamp = .now()
    ) throws -> TargetReview {
        let secrets: [JSONValue] = mappings.map {
            ["from": .string($0.0), "to": .string($0.1), "optional": .bool(optional)]
        }
        let distribution = try Manifest.amended([
            "spec": [
                "type": .string(type), "secrets": .array(secrets),
                "validation": validation.map { .string($0) } ?? .null,
            ]
        ])
        let desired = try DesiredTarget(distribution, from: snapshot, managedBy: "agent", checks: &checks)
        return TargetReview(of: desired, by: distribution.spec, over: observed, checks: &checks, now: now)
    }
}

/// A certificate in file `c` and a key in file `k` that do not match.
struct Misfit: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let message: String
    let files: @Sendable () throws -> (String, String)

    static let all = [
        Misfit(
            testDescription: "another's key",
            message: "Source files \"c\" and \"k\" do not belong together: the certificate is for another key."
        ) { (try TLSPair.make("a").certificate, try TLSPair.make("b").key) },
        Misfit(
            testDescription: "the root first",
            message:
                "Source file \"c\" is a chain in the wrong order: its certificate number 2 is the one for the key in"
                + " source file \"k\", expected it first."
        ) {
            let root = try TLSPair.make("root")
            let leaf = try TLSPair.make("leaf", issuer: root)
            return (root.chain(leaf), leaf.key)
        },
        Misfit(
            testDescription: "no certificate",
            message: "Source file \"c\" holds no PEM certificate, expected the one for the key in \"k\"."
        ) { ("hunter2", try TLSPair.make("a").key) },
        Misfit(
            testDescription: "half a certificate",
            message:
                "Source file \"c\" is not PEM that all servers can read (RFC 7468): line 4 (PEM block 1) is in a block"
                + " that does not end."
        ) { (String(try TLSPair.make("a").certificate.prefix(200)), try TLSPair.make("a").key) },
        Misfit(
            testDescription: "no key",
            message: "Source file \"k\" holds no PEM private key, expected the one for the certificate in \"c\"."
        ) { (try TLSPair.make("a").certificate, "hunter2") },
        Misfit(
            testDescription: "half a key",
            message:
                "Source file \"k\" is not PEM that all servers can read (RFC 7468): line 3 (PEM block 1) is in a block"
                + " that does not end."
        ) { (try TLSPair.make("a").certificate, String(try TLSPair.make("a").key.prefix(100))) },
        Misfit(
            testDescription: "a certificate that is none",
            message: "Certificate number 1 in source file \"c\" is damaged, expected one for the key in \"k\"."
        ) { ("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", try TLSPair.make("a").key) },
        Misfit(
            testDescription: "a key that is none",
            message: "The private key in source file \"k\" is damaged, expected the one for \"c\"."
        ) {
            (try TLSPair.make("a").certificate, "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n")
        },
        Misfit(
            testDescription: "a byte order mark",
            message:
                "Source file \"c\" is not PEM that all servers can read (RFC 7468): line 1 (PEM block 1) has a byte"
                + " order mark before -----BEGIN."
        ) { ("\u{feff}" + (try TLSPair.make("a").certificate), try TLSPair.make("a").key) },
        Misfit(
            testDescription: "DER in base64 for a key",
            message: "Source file \"k\" holds a private key in DER, in base64, expected PEM."
                + " Set extract: PrivateKey, or map a PEM file with the private key only."
        ) {
            (
                try TLSPair.make("a").certificate,
                String(try TLSPair.make("a").key.split(separator: "\n").dropFirst().dropLast().joined())
            )
        },
    ]
}
