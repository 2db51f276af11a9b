import JSON
import Kube
import LinuxIO
import Observability
import YAML

@testable import KubeConfig
@testable import KubeCurl

enum KubeCurlTargets {
    /// Response headers: only the needed ones are kept, and no wait is endless.
    static let headers: Fuzz.Target = { bytes in
        guard let server = ServerURL("http://localhost") else { return }
        let answer = Mutex<Response?>(nil)
        let request = Request(.get, Operation(.get, resource: "/"), path: "/", isRepeatable: true)
        let transfer = Transfer(request, to: Endpoint(server: server)) { outcome in
            answer.withLock { $0 = try? outcome.get() }
        }
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            (line + [UInt8(ascii: "\n")]).withUnsafeBytes { transfer.receive(header: $0) }
        }
        transfer.finish(nil)
        guard let response = answer.withLock({ $0 }) else {
            Fuzz.require(false, "there is a response")
            return
        }
        let wanted: Set<String> = ["content-type", "retry-after"]
        Fuzz.require(wanted.isSuperset(of: response.headers.keys), "only the needed headers are kept")
        for value in response.headers.values {
            Fuzz.require(value.first?.isWhitespace != true && value.last?.isWhitespace != true, "values are trimmed")
            Fuzz.require(!value.utf8.contains(UInt8(ascii: "\n")), "a value is on one line")
        }
        if let delay = response.retryAfter {
            Fuzz.require(delay >= .zero && delay <= .seconds(60), "the server cannot ask for a long wait")
        }
    }

    /// libcurl gets a server's address byte by byte: no byte in it may end it, or hide a password.
    static let url: Fuzz.Target = { bytes in
        guard let url = ServerURL(Fuzz.text(bytes)) else { return }
        let text = url.text()
        Fuzz.require(text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f }, "a URL has no blanks and no control characters")
        Fuzz.require(!text.utf8.contains { "?#@".utf8.contains($0) }, "a URL has no user, query or fragment")
        Fuzz.require(!url.host.isEmpty && !url.host.utf8.contains(UInt8(ascii: "/")), "a URL has a host")
        Fuzz.require((1...65535).contains(url.port), "a port is valid")
        Fuzz.require(ServerURL(text) == url, "a URL is the same when it is read again")
    }

    /// A kubeconfig produces a configuration, or an error of one line without a password.
    static let kubeconfig: Fuzz.Target = { bytes in
        for document in YAMLParser.parse(bytes).documents {
            do {
                let kubeconfig = try Kubeconfig(json: document.json(), file: "file")
                let configuration = try ClusterConfiguration(KubeconfigFiles([("/folder/file", kubeconfig)]))
                Fuzz.require(configuration.server.text().utf8.allSatisfy { $0 > 0x20 }, "the server's address is valid")
                Fuzz.require((configuration.certificate == nil) == (configuration.key == nil), "a pair is complete")
                for file in configuration.files {
                    Fuzz.require(file.utf8.first == UInt8(ascii: "/"), "a file is relative to the kubeconfig's folder")
                }
            } catch {
                Fuzz.require(Fuzz.isOneLine("\(error)".onOneLine), "an error can be shown on one line")
            }
        }
        // A rejected server address with a part that may be a password.
        let text = Fuzz.text(bytes) + "@"
        let json: JSONValue = [
            "current-context": "c", "contexts": [["name": "c", "context": ["cluster": "c"]]],
            "clusters": [["name": "c", "cluster": ["server": .string(text + Fuzz.text(bytes.reversed()))]]],
        ]
        do {
            let kubeconfig = try Kubeconfig(json: json.encoded(), file: "file")
            _ = try ClusterConfiguration(KubeconfigFiles([("file", kubeconfig)]))
            Fuzz.require(false, "a URL with a user is rejected")
        } catch {
            Fuzz.require((error as? ConfigurationError)?.value == nil, "a possible password is not shown")
        }
    }
}
