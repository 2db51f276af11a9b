import Glibc

/// The certificates, keys and tokens of a test cluster.
struct APIServerFiles: Sendable {
    let folder: ScratchFolder
    /// The folder of `etcd` and `kube-apiserver`.
    let assets: String

    /// Users that may authenticate with a token; tests grant their roles.
    static let users = ["alice", "bob", "carol", "dave", "erin", "frank"]

    static func token(of user: String) -> String { "token-of-\(user)" }

    static func make() async throws -> APIServerFiles {
        let folder = try ScratchFolder()
        let tool = String(#filePath.dropLast("TestSupport/APIServerFiles.swift".count)) + "Tools/apiserver-assets"
        // The tool builds the servers if they are missing, which takes minutes once on each machine.
        try await ServerProcess.run(
            ["sh", "-c", "exec \"$0\" > \"$1\"", tool, folder("assets")], log: folder("assets.log"))
        let assets = String(decoding: try folder.read("assets"), as: UTF8.self).filter { !$0.isNewline }
        try folder.write("audit.yaml", APIServer.auditPolicy)
        try folder.write("make-certificates", script)
        try await ServerProcess.run(["sh", folder("make-certificates"), folder.path], log: folder("certificates.log"))
        let files = APIServerFiles(folder: folder, assets: assets)
        try files.writeTokens(token(of:))
        return files
    }

    func writeTokens(_ token: (_ user: String) -> String) throws {
        try folder.write("tokens.csv", Self.users.map { "\(token($0)),\($0),\($0)\n" }.joined())
    }

    /// Creates `ca.crt`; `server.crt` for 127.0.0.1 and `localhost`; `expired.crt` and, from the authority of
    /// `other-ca.crt`, `other-server.crt` with the same key; `admin.crt` in group system:masters;
    /// `service-account.key`; and the keys.
    private static let script = """
        #!/bin/sh
        set -eu
        cd "$1"
        key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
        authority() {
            key "$1"
            openssl req -x509 -new -key "$1.key" -subj "/CN=$1" -days 2 -out "$1.crt" \\
                -addext keyUsage=critical,keyCertSign,cRLSign
        }
        request() {
            key "$1"
            openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
            printf '%s\\n' "$3" > "$1.ext"
        }
        signed() {
            openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days "$3" \\
                -extfile "$1.ext" -out "$4.crt"
        }
        authority ca
        authority other-ca
        key service-account
        request server /CN=kube-apiserver 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes
        extendedKeyUsage=serverAuth'
        signed server ca 1 server
        signed server ca -1 expired
        signed server other-ca 1 other-server
        request admin /O=system:masters/CN=admin extendedKeyUsage=clientAuth
        signed admin ca 1 admin
        """
}
