import Testing

@testable import Kees

@Suite("The annotations of kees")
struct KeesAnnotationsTests {
    private func read(_ annotations: [String: String], domain: String = KeesAnnotations.defaultDomain)
        -> KeesAnnotations
    {
        KeesAnnotations(annotations.map { ($0.key, $0.value) }, domain: domain)
    }

    private func parameter(_ name: String, _ text: String) throws -> KeesParameter {
        let read = read(["secret.bsycorp.com/\(name)": text])
        try #require(read.faults == [])
        return try #require(read.parameters.first)
    }

    @Test("name the key, and the file by storageKey or by name")
    func names() throws {
        let plain = try parameter("db.password", "kind=REFERENCE,type=PASSWORD")
        #expect((plain.name, plain.file) == ("db.password", "db.password"))
        let stored = try parameter("db.password", "kind=REFERENCE,type=PASSWORD,storageKey=shared/db")
        #expect((stored.name, stored.file) == ("db.password", "shared/db"))
    }

    @Test(
        "have a field after the last underscore, in lower case letters only",
        arguments: [
            ("key.v1_public", "key.v1", "public"), ("a_b_private", "a_b", "private"), ("a_", "a", ""),
            ("a_B", "a_B", nil), ("a_1", "a_1", nil), ("plain", "plain", nil), ("_x", "", "x"),
        ] as [(String, String, String?)])
    func fields(name: String, bare: String, field: String?) throws {
        let parameter = try parameter(name, "kind=REFERENCE,type=RSA")
        #expect(parameter.bareName == bare && parameter.field == field && parameter.file == name)
    }

    @Test("of a resource name the file without the field")
    func resources() throws {
        let read = read([
            "resource.bsycorp.com/db_url": "storageKey=db.url,localModeValue=eA==", "resource.bsycorp.com/a_b": "",
        ])
        #expect(read.parameters.map(\.file) == ["a", "db.url"])
        #expect(read.parameters.map(\.name) == ["a_b", "db_url"])
        #expect(read.parameters.allSatisfy { $0.kind == .resource })
    }

    @Test(
        "have fields that are separated by commas, with Java's rules for keys and values",
        arguments: [
            "kind=DYNAMIC,type=RSA,size=2048", "kind=DYNAMIC,type=RSA,size=2048,foo=bar,",
            " kind = dynamic , type:rsa,size 2048",
            "kind=REFERENCE,kind=DYNAMIC,type=RSA,size=2048", ",,kind=DYNAMIC,\ntype=RSA\r\nsize=2048,#size=1,rotate",
        ])
    func grammar(text: String) throws {
        #expect(try parameter("a", text).kind == .dynamic(.rsa, size: 2048))
    }

    @Test(
        "that kees cannot read are faults, each with what was expected",
        arguments: [
            ("type=PASSWORD", "has no kind, expected"),
            ("kind=OTHER,type=RSA", "has the kind \"OTHER\", expected one of"),
            ("kind=REFERENCE,type=X", "has the type \"X\", expected one of RSA, GPG, RANDOM, PASSWORD"),
            ("kind=DYNAMIC,size=8", "has no type"), ("kind=DYNAMIC,type=PASSWORD", "has no size, expected"),
            ("kind=DYNAMIC,type=RSA,size=1024", "has the size \"1024\", expected 2048 or 4096"),
            ("kind=DYNAMIC,type=RANDOM,size=8193", "has the size \"8193\", expected a number of bits"),
            ("kind=DYNAMIC,type=RANDOM,size=0", "has the size \"0\""), ("kind=REFERENCE\\,type=RSA", "has a backslash"),
        ])
    func faults(text: String, message: String) {
        let read = read(["secret.bsycorp.com/a": text, "secret.bsycorp.com/b": "kind=REFERENCE,type=RSA"])
        #expect(read.faults.map(\.annotation) == ["secret.bsycorp.com/a"])
        #expect(read.faults.first?.message.hasPrefix(message) == true, "\(read.faults)")
        #expect(read.parameters.map(\.name) == ["b"])
    }

    @Test("of two kinds with the same name are a fault")
    func sameName() {
        let read = read(["secret.bsycorp.com/a": "kind=REFERENCE,type=RSA", "resource.bsycorp.com/a": ""])
        #expect(
            read.faults.map(\.description) == [
                "secret.bsycorp.com/a has the same name as resource.bsycorp.com/a, expected each name once"
            ])
    }

    @Test("of other domains and programs are ignored, and a lease is reported")
    func others() {
        let annotations = [
            "secret.example.com/a": "kind=REFERENCE,type=RSA", "secret.bsycorp.com.evil/b": "x", "other": "x",
            "lease.bsycorp.com/n": "kind=INDEX,rangeStart=0,rangeEnd=9",
        ]
        let read = read(annotations)
        #expect(read.parameters == [] && read.faults == [])
        #expect(read.unserved.map(\.annotation) == ["lease.bsycorp.com/n"])
        #expect(self.read(annotations, domain: "example.com").parameters.map(\.name) == ["a"])
        #expect(self.read(["a": "b"]).isEmpty)
    }

    @Test(
        "choose the mode",
        arguments: [
            ("true", .local), ("\"true\"", .local), (" 'true'", .remote), ("'true'", .local), ("false", .remote),
            ("remote-then-local", .remoteThenLocal), (" true ", .local), ("yes", .remote), ("\"", .remote),
        ] as [(String, KeesAnnotations.Mode)])
    func mode(text: String, mode: KeesAnnotations.Mode) {
        #expect(read(["init.bsycorp.com/local-mode": text]).mode == mode)
    }

    @Test("take the value from the mount, or in local mode from the annotation")
    func values() throws {
        let both = try parameter("a", "kind=REFERENCE,type=PASSWORD,localModeValue=cGFzc3dvcmQK")
        #expect(try both.value(in: .remote) == .file("a"))
        #expect(try both.value(in: .remoteThenLocal) == .file("a"))
        #expect(try both.value(in: .local) == .text("password\n"))
        for (text, message) in [
            ("", "has no localModeValue"), (",localModeValue=&", "has a localModeValue that is not text"),
            (",localModeValue=gA==", "has a localModeValue that is not text"),
        ] {
            let parameter = try parameter("a", "kind=REFERENCE,type=PASSWORD\(text)")
            #expect { try parameter.value(in: .local) } throws: { "\($0)".hasPrefix(message) }
        }
    }
}
