import Kube

/// The server and credentials of a cluster. It stores the paths of files, not their content, which may change.
package struct ClusterConfiguration: Sendable, CustomStringConvertible, CustomReflectable {
    /// PEM, inline or in a file.
    package enum Material: Sendable, Equatable {
        case inline([UInt8])
        case file(String)
    }

    package enum Token: Sendable {
        case none
        case inline(String)
        case file(String)
        case exec(ExecPlugin)
    }

    let server: ServerURL
    /// Nil for the authorities that the system trusts.
    package var authority: Material?
    package var certificate: Material?
    package var key: Material?
    package var token = Token.none
    package var tlsServerName: String?
    package var insecureSkipTLSVerify = false
    package var proxy: String?
    /// The namespace of the service account or of the kubeconfig's context; nil if it is not known.
    package var namespace: String?

    /// Nil unless `server` is an `http` or `https` URL.
    package init?(server: String, namespace: String = "default") {
        guard let server = ServerURL(server) else { return nil }
        self.init(server: server, namespace: namespace)
    }

    init(server: ServerURL, namespace: String?) {
        self.server = server
        self.namespace = namespace
    }

    /// Only the URL of the server.
    package var description: String { server.text() }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// A credential plugin of a kubeconfig: a program that prints credentials (client.authentication.k8s.io).
package struct ExecPlugin: Sendable, Equatable {
    package var apiVersion: String
    /// A path, or a name to search in `PATH`.
    package var command: String
    package var arguments: [String] = []
    /// Variables in addition to the environment of this process.
    package var environment: [String: String] = [:]
    package var providesClusterInfo = false

    package init(apiVersion: String, command: String, arguments: [String] = []) {
        self.apiVersion = apiVersion
        self.command = command
        self.arguments = arguments
    }
}
