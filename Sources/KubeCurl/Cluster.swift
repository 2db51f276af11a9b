import Glibc
import Kube
import YAML

/// Finds the cluster to work with.
package enum Cluster {
    /// The cluster of `kubeconfig`; else the one that the pod runs in; else that of `~/.kube/config`.
    ///
    /// - Throws: `ConfigurationError`, or `TransportFailure` when no thread can be started.
    package static func configuration(kubeconfig: String?) throws -> ClusterConfiguration {
        let environment = Self.environment("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "HOME")
        if let kubeconfig { return try configuration(file: kubeconfig) }
        if environment["KUBERNETES_SERVICE_HOST"] != nil {
            return try .inCluster(environment: environment)
        }
        guard let home = environment["HOME"], access("\(home)/.kube/config", R_OK) == 0 else {
            throw ConfigurationError(
                source: "environment", field: "KUBECONFIG",
                expected: "the path of a kubeconfig: this is no pod, and there is no ~/.kube/config"
                    + " (without a cluster, set DISTRIBUTIONS_PATH and OUTPUT_PATH)")
        }
        return try configuration(file: "\(home)/.kube/config")
    }

    private static func configuration(file: String) throws -> ClusterConfiguration {
        let content: [UInt8]
        switch FileContent.read(file) {
        case .success(let bytes): content = bytes
        case .failure(let error):
            throw ConfigurationError(
                source: file, field: "file", value: error.reason, expected: "a kubeconfig that can be read")
        }
        let document: YAMLNode?
        do {
            document = try YAMLParser.documents(in: content).first
        } catch {
            throw ConfigurationError(source: file, field: "file", value: "\(error)", expected: "a kubeconfig in YAML")
        }
        guard let document else {
            throw ConfigurationError(source: file, field: "file", value: "empty", expected: "a kubeconfig")
        }
        return try ClusterConfiguration(kubeconfig: Kubeconfig(json: document.json(), file: file), file: file)
    }

    private static func environment(_ names: String...) -> [String: String] {
        names.reduce(into: [:]) { values, name in
            if let value = getenv(name) { values[name] = String(cString: value) }
        }
    }
}
