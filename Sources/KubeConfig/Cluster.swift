import Glibc
import LinuxIO
import Observability
import YAML

/// Finds the configuration of the cluster.
package enum Cluster {
    /// The cluster of `kubeconfig`, one file or several separated by `:`. Without it, the cluster of the pod. Outside a
    /// pod, the cluster of `~/.kube/config`.
    ///
    /// - Throws: `ConfigurationError`, or `TransportFailure` if no thread can be started.
    package static func configuration(kubeconfig: String?) throws -> ClusterConfiguration {
        let environment = Self.environment("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "HOME")
        if let kubeconfig { return try configuration(files: paths(in: kubeconfig)) }
        if environment["KUBERNETES_SERVICE_HOST"] != nil {
            return try .inCluster(environment: environment)
        }
        guard let home = environment["HOME"], access("\(home)/.kube/config", R_OK) == 0 else {
            throw ConfigurationError(
                source: "environment", field: "KUBECONFIG",
                expected: "the path of a kubeconfig: this is not a pod, and there is no ~/.kube/config"
                    + " (without a cluster, set DISTRIBUTIONS_PATH and OUTPUT_PATH)")
        }
        return try configuration(files: ["\(home)/.kube/config"])
    }

    /// The paths in `list` without duplicates. If `list` as a whole is the path of an existing file, only that one.
    private static func paths(in list: String) -> [String] {
        guard access(list, F_OK) != 0 else { return [list] }
        var paths: [String] = []
        for part in list.unicodeScalars.split(separator: ":") {
            let path = String(String.UnicodeScalarView(part))
            if !paths.contains(path) { paths.append(path) }
        }
        return paths.isEmpty ? [list] : paths
    }

    /// Skips files that do not exist, if there are several paths.
    ///
    /// - Throws: also if there is no file at all.
    private static func configuration(files paths: [String]) throws -> ClusterConfiguration {
        var files: [(path: String, config: Kubeconfig)] = []
        for path in paths {
            if paths.count > 1, access(path, F_OK) != 0, errno == ENOENT { continue }
            if let config = try read(path) {
                files.append((path, config))
            } else if paths.count == 1 {
                throw ConfigurationError(source: path, field: "file", value: "empty", expected: "a kubeconfig")
            }
        }
        guard !files.isEmpty else {
            throw ConfigurationError(
                source: "environment", field: "KUBECONFIG", value: paths.joined(separator: ":"),
                expected: "at least one kubeconfig that can be read: \(String(cString: strerror(ENOENT)))")
        }
        return try ClusterConfiguration(KubeconfigFiles(files))
    }

    /// Nil if the file is empty.
    private static func read(_ path: String) throws -> Kubeconfig? {
        let content: [UInt8]
        do throws(LinuxError) {
            content = try FileDescriptor.bytes(at: path)
        } catch {
            throw ConfigurationError(
                source: "environment", field: "KUBECONFIG", value: path,
                expected: "a kubeconfig that can be read: \(error.reason)")
        }
        do {
            return try YAMLParser.documents(in: content).first.map { try Kubeconfig(json: $0.json(), file: path) }
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw ConfigurationError(source: path, field: "file", value: "\(error)", expected: "a kubeconfig in YAML")
        }
    }

    private static func environment(_ names: String...) -> [String: String] {
        names.reduce(into: [:]) { values, name in
            if let value = getenv(name) { values[name] = String(cString: value) }
        }
    }
}
