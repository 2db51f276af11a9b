import FoundationEssentials
import TestSupport
import Testing

/// Makes a file of each shape that `docs/values.md` names, and runs the page's examples on them.
@Suite("The examples of docs/values.md")
struct ValuesPageTests {
    private static let password = "correct horse"

    private struct Family {
        let leaf: TLSPair
        let authority: TLSPair

        init() throws {
            authority = try TLSPair.make("values root", isAuthority: true)
            leaf = try TLSPair.make("values leaf", issuer: authority)
        }
    }

    @Test("make the Secret that an application wants from each shape of file")
    func examples() async throws {
        let world = try LocalWorld()
        let family = try Family()
        try await writeSources(world, family)
        let names = try writeManifests(world)
        let program = try await Binary(
            ["sync"],
            environment: [
                "SECRETS_PATH": world.mount, "DISTRIBUTIONS_PATH": world.root("in"), "OUTPUT_PATH": world.output,
                "WATCH_NAMESPACES": "web",
            ])
        let ended = await program.ended()
        #expect(ended.status == 0, "\(ended.output)\n\(ended.errors)")
        let (leaf, root) = (family.leaf, family.authority)
        let secrets = Dictionary(uniqueKeysWithValues: names.map { ($0, world.secret($0) ?? [:]) })
        // From PEM, the bytes; from other formats, the same blocks, because libcrypto wrote the test's PEM too.
        let pair = ["tls.crt": leaf.chain(root), "tls.key": leaf.key]
        for name in ["combined-pem", "pkcs12-with-password", "certificate-in-json"] { #expect(secrets[name] == pair) }
        #expect(secrets["der"] == ["tls.crt": leaf.certificate, "tls.key": leaf.key])
        #expect(secrets["pkcs12-as-bytes"] == pair.merging(["ca.crt": root.certificate]) { $1 })
        #expect(
            secrets["pkcs12"] == ["chain.pem": leaf.chain(root), "key.pem": leaf.key, "ca.pem": root.certificate])
        #expect(
            secrets["vault-pki"] == [
                "tls.crt": leaf.chain(root), "tls.key": leaf.key.trimmed, "ca.crt": root.certificate.trimmed,
            ])
        #expect(secrets["json-members"] == ["username": "orders", "password": "p@ss/word", "port": "5432"])
        #expect(
            secrets["all-members"] == [
                "DB_username": "orders", "DB_password": "p@ss/word", "DB_port": "5432", "DB_host": "db.example.com",
            ])
        #expect(
            secrets["database-url"] == [
                "DATABASE_URL": "postgres://orders:p%40ss%2Fword@db.example.com:5432/orders?sslmode=verify-full"
            ])
        #expect(secrets["plain-value"] == ["token": "abc"])
        #expect(secrets["vault-kv"] == ["user": "app", "password": "s3cret"])
        #expect(secrets["dotenv"] == ["USER": "app", "PASSWORD": "two words"])
        #expect(secrets["properties"] == ["db_url": "jdbc:x", "title": "é"])
        #expect(secrets["folder"] == ["a": "1", "b": "2"])
        #expect(
            secrets["registry-login"] == [
                ".dockerconfigjson":
                    #"{"auths":{"registry.example.com":{"username":"robot","password":"say \"hi\""}}}"#
            ])
        for name in [
            "combined-pem", "pkcs12-with-password", "pkcs12-as-bytes", "der", "certificate-in-json", "vault-pki",
        ] {
            try await verify(secrets[name] ?? [:], authority: root)
        }
        try await verifyKeystore(world)
        // Nothing is random: a second pass finds nothing to write.
        let again = try await Binary(
            ["plan"],
            environment: [
                "SECRETS_PATH": world.mount, "DISTRIBUTIONS_PATH": world.root("in"), "OUTPUT_PATH": world.output,
                "WATCH_NAMESPACES": "web",
            ]
        ).ended()
        #expect(again.status == 0, "\(again.output)")
    }

    /// Writes the manifests of the page. Returns their names.
    private func writeManifests(_ world: LocalWorld) throws -> [String] {
        var names: [String] = []
        for block in try Markdown("docs/values.md").blocks where block.language == "yaml" {
            let name = try #require(block.text.firstMatch(of: /name: (\S+)/)?.1)
            names.append(String(name))
            let text = block.text.replacing("metadata:\n", with: "metadata:\n  namespace: web\n")
            try writeFile(world.root("in/\(name).yaml"), text)
        }
        return names
    }

    private func writeSources(_ world: LocalWorld, _ family: Family) async throws {
        let (leaf, root) = (family.leaf, family.authority)
        let write = { (name: String, text: String) in try writeFile("\(world.mount)/\(name)", text) }
        // Azure writes the key first, and the chain in any order.
        try write("certificate", leaf.key + root.certificate + leaf.certificate)
        try write("leaf.pem", leaf.certificate)
        try write("root.pem", root.certificate)
        try write("leaf.key", leaf.key)
        let file = { (name: String) in "\(world.mount)/\(name)" }
        let export = ["openssl", "pkcs12", "-export", "-in", file("leaf.pem"), "-inkey", file("leaf.key")]
        let issuers = ["-certfile", file("root.pem")]
        // As Windows and older vaults write it: RC2 and 3DES.
        let old = ["-legacy", "-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1"]
        try await openssl(export + issuers + old + ["-passout", "pass:", "-out", file("plain.pfx")])
        try await openssl(["openssl", "base64", "-A", "-in", file("plain.pfx"), "-out", file("azure.pfx")])
        try await openssl(export + issuers + ["-passout", "pass:", "-out", file("certificate.p12")])
        try await openssl(
            export + issuers + ["-passout", "pass:\(Self.password)", "-out", file("secret.p12")])
        try await openssl(["openssl", "base64", "-in", file("secret.p12"), "-out", file("certificate.pfx")])
        try write("certificate-password", Self.password)
        try await openssl(
            ["openssl", "x509", "-in", file("leaf.pem"), "-outform", "DER", "-out", file("certificate.der")])
        try await openssl(
            [
                "openssl", "pkcs8", "-topk8", "-nocrypt", "-in", file("leaf.key"), "-outform", "DER", "-out",
                file("key.der"),
            ])
        try await openssl(["openssl", "base64", "-in", file("secret.p12"), "-out", file("keystore.base64")])
        try write(
            "database.json",
            #"{"username": "orders", "password": "p@ss/word", "port": 5432, "host": "db.example.com"}"#)
        let quoted = { (text: String) in "\"" + text.replacing("\n", with: "\\n") + "\"" }
        try write(
            "certificate.json",
            #"{"certificate": \#(quoted(leaf.chain(root))), "privateKey": \#(quoted(leaf.key))}"#)
        try write(
            "pki.json",
            """
            {"request_id": "1", "data": {"certificate": \(quoted(leaf.certificate.trimmed)),
            "issuing_ca": \(quoted(root.certificate.trimmed)), "private_key": \(quoted(leaf.key.trimmed)),
            "ca_chain": [\(quoted(root.certificate.trimmed))]}}
            """)
        try write(
            "app.json",
            #"{"request_id":"1","data":{"data":{"user":"app","password":"s3cret"},"metadata":{"version":3}}}"#)
        try write("api-token", "abc\n")
        try write("app.env", "# the application\nexport USER=app\nPASSWORD=\"two words\"\n")
        try write("application.properties", "app.db.url = jdbc:x\ntitle: \\u00e9\n")
        try makeDirectory(file("orders"))
        for (name, text) in ["a": "1", "b": "2", "README.md": "none"] { try write("orders/\(name)", text) }
        try write("registry-user", "robot\n")
        try write("registry-password", "say \"hi\"\n")
    }

    private func openssl(_ words: [String]) async throws {
        let run = try await ToolRun.run(words)
        try #require(run.status == 0, "\(words): \(run.errors)")
    }

    /// OpenSSL accepts the pair, and the chain leads to the root.
    private func verify(_ secret: [String: String], authority: TLSPair) async throws {
        let folder = try TemporaryDirectory()
        try writeFile(folder("chain"), secret["tls.crt"] ?? "")
        try writeFile(folder("key"), secret["tls.key"] ?? "")
        try writeFile(folder("root"), authority.certificate)
        let chain = try await ToolRun.run(
            ["openssl", "verify", "-CAfile", folder("root"), "-untrusted", folder("chain"), folder("chain")])
        #expect(chain.status == 0, "\(chain.errors)")
        let certificate = try await ToolRun.run(["openssl", "x509", "-in", folder("chain"), "-noout", "-pubkey"])
        let key = try await ToolRun.run(["openssl", "pkey", "-in", folder("key"), "-pubout"])
        #expect(certificate.output == key.output && key.status == 0)
    }

    /// The decoded binary is the key store, which Java reads where it is installed.
    private func verifyKeystore(_ world: LocalWorld) async throws {
        let text = try String(contentsOf: URL(fileURLWithPath: world.manifest("keystore")), encoding: .utf8)
        let encoded = try #require(text.firstMatch(of: /keystore.jks"?: "?([A-Za-z0-9+\/=]+)/)?.1)
        let stored = try Data(contentsOf: URL(fileURLWithPath: world.mount + "/secret.p12"))
        #expect(Data(base64Encoded: String(encoded)) == stored)
        let keytool = try await ToolRun.run(["sh", "-c", "command -v keytool"])
        guard keytool.status == 0 else { return }
        let folder = try TemporaryDirectory()
        try stored.write(to: URL(fileURLWithPath: folder("store")))
        let list = try await ToolRun.run(
            ["keytool", "-list", "-keystore", folder("store"), "-storepass", Self.password, "-storetype", "PKCS12"])
        #expect(list.status == 0 && list.output.contains("PrivateKeyEntry"), "\(list.output)")
    }
}

extension String {
    /// Without the line break at the end, as HashiCorp Vault returns PEM.
    fileprivate var trimmed: String { hasSuffix("\n") ? String(dropLast()) : self }
}
