import Glibc
import TestSupport
import Testing

/// Local mode with the annotations of a pod instead of manifests.
@Suite("ANNOTATIONS_PATH")
struct AnnotationsTests {
    private let world: LocalWorld
    private let podinfo: AtomicVolume
    private let mount: AtomicVolume

    init() throws {
        world = try LocalWorld()
        podinfo = try AtomicVolume(world.root("podinfo"))
        mount = try AtomicVolume(world.mount)
        try mount.write(["db.password": "old", "shared/key": "k"])
        try podinfo.write([
            "annotations": """
            iam.amazonaws.com/role="a \\"role\\""
            secret.bsycorp.com/db.password="kind=REFERENCE,type=PASSWORD"
            secret.bsycorp.com/key="kind=DYNAMIC,type=RANDOM,size=8,storageKey=shared/key"
            """
        ])
    }

    private var environment: [String: String] {
        [
            "SECRETS_PATH": world.mount, "ANNOTATIONS_PATH": world.root("podinfo/annotations"),
            "OUTPUT_PATH": world.output, "DEBOUNCE_QUIET": "20ms", "POLL_INTERVAL": "200ms",
        ]
    }

    private var manifest: String { Files.text("\(world.output)/default/secrets.yaml") }

    @Test("is an init container that writes everything or nothing")
    func sync() async throws {
        let done = try await Binary.run(["sync"], environment: environment)
        #expect(done.status == 0, "\(done.output)\(done.errors)")
        #expect(manifest.contains("db.password: b2xk") && manifest.contains("key: aw=="))
        let planned = try await Binary.run(["plan"], environment: environment)
        #expect(planned.status == 0, "\(planned.output)")
        try podinfo.write([
            "annotations": """
            secret.bsycorp.com/db.password="kind=REFERENCE,type=PASSWORD"
            secret.bsycorp.com/more="kind=REFERENCE,type=PASSWORD"
            """
        ])
        let before = manifest
        let held = try await Binary.run(["sync"], environment: environment)
        #expect(held.status == 1)
        #expect(
            held.output.contains("default/annotations  SourceNotFound  The mount has no file \"more\"."),
            "\(held.output)")
        #expect(manifest == before)
        try podinfo.write(["annotations": "secret.bsycorp.com/db.password=\"type=PASSWORD\""])
        let invalid = try await Binary.run(["sync"], environment: environment)
        #expect(invalid.status == 1)
        #expect(
            invalid.output.contains("InvalidSpec  secret.bsycorp.com/db.password has no kind, expected"),
            "\(invalid.output)")
        #expect(manifest == before)
        try podinfo.write(["annotations": "secret.example.com/a=\"\""])
        let none = try await Binary.run(["sync"], environment: environment)
        #expect(none.status == 1)
        #expect(
            none.errors.contains("has no annotation secret.bsycorp.com/NAME; is ANNOTATION_DOMAIN right?"),
            "\(none.errors)")
        #expect(manifest == before)
    }

    @Test("is a sidecar that follows the vault and the annotations")
    func run() async throws {
        let program = try await Binary(["run"], environment: environment)
        #expect(await eventually { manifest.contains("db.password: b2xk") }, "\(program.errors.suffix(2000))")
        try mount.write(["db.password": "new", "shared/key": "k"])
        #expect(await eventually { manifest.contains("db.password: bmV3") }, "\(program.errors.suffix(2000))")
        try podinfo.write(["annotations": "secret.bsycorp.com/only=\"kind=REFERENCE,storageKey=shared/key\""])
        #expect(
            await eventually { manifest.contains("only: aw==") && !manifest.contains("db.password:") },
            "\(program.errors.suffix(2000))")
        await program.stop()
    }

    @Test("is explained without an output, by the source file")
    func explain() async throws {
        var environment = environment
        environment["OUTPUT_PATH"] = nil
        let ended = try await Binary.run(["explain", "shared/key"], environment: environment)
        #expect(ended.status == 0 && ended.output.contains("default/secrets  key  shared/key  no"), "\(ended.output)")
    }

    @Test("with values that do not go together ends with status 78")
    func settings() async throws {
        for (change, text) in [
            (["DISTRIBUTIONS_PATH": "/in"], "ANNOTATIONS_PATH is "),
            (["WATCH_NAMESPACES": "a"], "WATCH_NAMESPACES is \"a\""),
            (["OUTPUT_PATH": ""], "ANNOTATIONS_PATH is "),
            (["ANNOTATION_DOMAIN": "a/b"], "ANNOTATION_DOMAIN is \"a/b\", expected a domain"),
            (
                ["ANNOTATIONS_PATH": "", "OUTPUT_PATH": "", "ANNOTATION_DOMAIN": "a.b"],
                "ANNOTATION_DOMAIN is \"a.b\", expected ANNOTATIONS_PATH"
            ),
        ] {
            let ended = try await Binary.run(["sync"], environment: environment.merging(change) { $1 })
            #expect(ended.status == 78)
            #expect(ended.errors.contains(text), "\(ended.errors)")
        }
    }
}
