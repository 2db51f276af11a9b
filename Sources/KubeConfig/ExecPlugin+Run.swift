import JSON
import Kube
import LinuxIO
import Observability

/// An `ExecCredential` of client.authentication.k8s.io, which a plugin prints.
struct ExecCredential: Sendable, CustomReflectable {
    var token: String?
    /// PEM.
    var certificate: [UInt8]?
    /// PEM.
    var key: [UInt8]?
    var expiry: Timestamp?

    var customMirror: Mirror { Mirror(self, children: []) }
}

extension ExecCredential {
    /// Nil if `json`, the output of the plugin, contains no credential.
    init?(json: [UInt8]) {
        guard let status = try? JSONNode(json: json[...])["status"] else { return nil }
        do throws(JSONBytes.Failure) {
            let token = try status["token"]?.asString()
            self.token = token?.isEmpty == false ? token : nil
            if let text = try status["clientCertificateData"]?.asString() { certificate = Array(text.utf8) }
            if let text = try status["clientKeyData"]?.asString() { key = Array(text.utf8) }
            if let text = try status["expirationTimestamp"]?.asString() { expiry = Timestamp(rfc3339: text) }
        } catch {
            return nil
        }
        guard token != nil || (certificate != nil && key != nil) else { return nil }
    }
}

extension ExecPlugin {
    /// Runs the plugin and reads its credential. Blocks for at most `timeout`.
    func run(for endpoint: Endpoint, timeout: Duration = .seconds(60)) throws(TransportFailure) -> ExecCredential {
        let process = ChildProcess(
            command: command, arguments: arguments,
            environment: environment.merging(["KUBERNETES_EXEC_INFO": info(endpoint)]) { _, ours in ours })
        let output: [UInt8]
        do {
            output = try process.output(timeout: timeout, limit: 1 << 20)
        } catch {
            throw .credentials(reason: "the plugin \(command) \(error.description)")
        }
        guard let credential = ExecCredential(json: output) else {
            throw .credentials(reason: "the plugin \(command) printed no ExecCredential with a token or certificate")
        }
        return credential
    }

    private func info(_ endpoint: Endpoint) -> String {
        var spec: [String: JSONValue] = ["interactive": false]
        if providesClusterInfo {
            var cluster: [String: JSONValue] = ["server": .string(endpoint.server.text())]
            if let authority = endpoint.authority {
                cluster["certificate-authority-data"] = .string(Base64.encode(authority))
            }
            if let name = endpoint.tlsServerName { cluster["tls-server-name"] = .string(name) }
            if endpoint.insecureSkipTLSVerify { cluster["insecure-skip-tls-verify"] = true }
            spec["cluster"] = .object(cluster)
        }
        let info: JSONValue = ["apiVersion": .string(apiVersion), "kind": "ExecCredential", "spec": .object(spec)]
        return String(decoding: info.encoded(), as: UTF8.self)
    }
}
