import Kube
import LinuxIO
package import Observability

extension ClusterConfiguration {
    /// The folder where the kubelet mounts the service account of a pod.
    package static let serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// The API server from the environment of the pod, with the pod's service account.
    ///
    /// - Parameter directory: contains `token`, `ca.crt` and `namespace`.
    package static func inCluster(
        environment: [String: String], directory: String = serviceAccountDirectory
    ) throws(ConfigurationError) -> ClusterConfiguration {
        let host = try variable("KUBERNETES_SERVICE_HOST", "the API server's address", environment)
        let port = try variable("KUBERNETES_SERVICE_PORT", "the API server's port", environment)
        // An IPv6 address has no brackets in the variable, but needs them in a URL (RFC 3986, 3.2.2).
        let name = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        guard let server = ServerURL("https://\(name):\(port)") else {
            throw ConfigurationError(
                source: "environment", field: "KUBERNETES_SERVICE_HOST", value: "\(host) with port \(port)",
                expected: "an address and a port from 1 to 65535")
        }
        for file in ["token", "ca.crt"] {
            do throws(LinuxError) {
                _ = try FileDescriptor.bytes(at: "\(directory)/\(file)")
            } catch {
                throw ConfigurationError(
                    source: "\(directory)/\(file)", field: "file", value: error.reason,
                    expected: "a service account's \(file); is automountServiceAccountToken off?")
            }
        }
        var namespace: String?
        if let bytes = try? FileDescriptor.bytes(at: "\(directory)/namespace") {
            let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
            if !text.isEmpty { namespace = text }
        }
        var configuration = ClusterConfiguration(server: server, namespace: namespace)
        configuration.authority = .file("\(directory)/ca.crt")
        configuration.token = .file("\(directory)/token")
        return configuration
    }

    private static func variable(
        _ name: String, _ expected: String, _ environment: [String: String]
    ) throws(ConfigurationError) -> String {
        guard let value = environment[name], !value.isEmpty else {
            throw ConfigurationError(source: "environment", field: name, expected: expected)
        }
        return value
    }
}
