import JSON
import Kube
package import Observability

extension ClusterConfiguration {
    /// The cluster and user of a kubeconfig's current context. Relative paths are relative to the folder of the file
    /// that contains them.
    package init(_ files: KubeconfigFiles) throws(ConfigurationError) {
        let selection = try files.select()
        let cluster = selection.cluster
        let place = selection.clusterPlace
        guard let text = cluster.server, let server = ServerURL(text) else {
            // A URL with an @ may contain a password.
            let value = cluster.server.flatMap { $0.utf8.contains(UInt8(ascii: "@")) ? nil : $0 }
            throw ConfigurationError(
                source: place.file, field: "\(place.field).server", value: value,
                expected: "an https URL without a user")
        }
        self.init(server: server, namespace: selection.namespace)
        authority = try place.material(
            cluster.certificateAuthorityData, cluster.certificateAuthority,
            field: "certificate-authority")
        insecureSkipTLSVerify = cluster.insecureSkipTLSVerify ?? false
        tlsServerName = cluster.tlsServerName.nonEmpty
        proxy = cluster.proxyURL.nonEmpty
        if let user = selection.user { try set(user, selection.userPlace) }
    }

    private mutating func set(_ user: Kubeconfig.User, _ place: KubeconfigFiles.Place) throws(ConfigurationError) {
        // These methods are not supported. Without credentials, the API server would treat requests as anonymous.
        for (isThere, name) in [
            (user.username.nonEmpty != nil, "username"), (user.hasAuthProvider, "auth-provider"),
        ]
        where isThere {
            throw ConfigurationError(
                source: place.file, field: "\(place.field).\(name)",
                expected: "a token, a client certificate or an exec plugin instead")
        }
        certificate = try place.material(
            user.clientCertificateData, user.clientCertificate, field: "client-certificate")
        key = try place.material(user.clientKeyData, user.clientKey, field: "client-key")
        guard (certificate == nil) == (key == nil) else {
            throw ConfigurationError(
                source: place.file, field: place.field, expected: "a client certificate and its key, or neither")
        }
        // As in client-go, a token file takes precedence over a token.
        if let file = user.tokenFile.nonEmpty {
            token = .file(place.resolve(file))
        } else if let text = user.token.nonEmpty {
            token = .inline(text)
        } else if let exec = user.exec {
            token = .exec(try place.plugin(exec))
        }
    }
}

extension String? {
    fileprivate var nonEmpty: String? { self?.isEmpty == false ? self : nil }
}

extension KubeconfigFiles.Place {
    fileprivate func resolve(_ path: String) -> String {
        guard path.utf8.first != UInt8(ascii: "/"), let slash = file.utf8.lastIndex(of: UInt8(ascii: "/")) else {
            return path
        }
        return String(file[...slash]) + path
    }

    /// Inline data take precedence over a file, as in client-go.
    fileprivate func material(
        _ data: String?, _ path: String?, field member: String
    ) throws(ConfigurationError) -> ClusterConfiguration.Material? {
        if let data = data.nonEmpty {
            // In YAML, it may be written on several lines.
            let text = data.utf8.filter { !" \t\r\n".utf8.contains($0) }
            guard let bytes = text.withUnsafeBufferPointer({ Base64.decode($0) }), !bytes.isEmpty else {
                throw ConfigurationError(source: file, field: "\(field).\(member)-data", expected: "PEM in base64")
            }
            return .inline(bytes)
        }
        return path.nonEmpty.map { .file(resolve($0)) }
    }

    fileprivate func plugin(_ exec: Kubeconfig.Exec) throws(ConfigurationError) -> ExecPlugin {
        let versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]
        guard versions.contains(exec.apiVersion) else {
            throw ConfigurationError(
                source: file, field: "\(field).exec.apiVersion", value: exec.apiVersion,
                expected: versions.joined(separator: " or "))
        }
        guard !exec.command.isEmpty else {
            throw ConfigurationError(source: file, field: "\(field).exec.command", expected: "a program")
        }
        // A name without a slash is searched in PATH. Only a path is relative to the file.
        let command = exec.command.utf8.contains(UInt8(ascii: "/")) ? resolve(exec.command) : exec.command
        var plugin = ExecPlugin(apiVersion: exec.apiVersion, command: command, arguments: exec.args ?? [])
        plugin.environment = Dictionary((exec.env ?? []).map { ($0.name, $0.value) }) { _, last in last }
        plugin.providesClusterInfo = exec.provideClusterInfo ?? false
        return plugin
    }
}
