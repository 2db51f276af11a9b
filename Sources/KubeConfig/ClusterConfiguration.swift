import Kube

/// How to reach a cluster and as whom. Files are named, not read: their content may change.
package struct ClusterConfiguration: Sendable, CustomStringConvertible, CustomReflectable {
    /// PEM, given in place or as a file.
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
    /// None: the authorities that the system trusts.
    package var authority: Material?
    package var certificate: Material?
    package var key: Material?
    package var token = Token.none
    package var tlsServerName: String?
    package var insecureSkipTLSVerify = false
    package var proxy: String?
    /// The service account's own namespace, or the one of the kubeconfig's context; nil if it is not known.
    package var namespace: String?

    /// - Parameter server: an `http` or `https` URL; nil is returned for anything else.
    package init?(server: String, namespace: String = "default") {
        guard let server = ServerURL(server) else { return nil }
        self.init(server: server, namespace: namespace)
    }

    init(server: ServerURL, namespace: String?) {
        self.server = server
        self.namespace = namespace
    }

    /// The server's URL alone.
    package var description: String { server.text() }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// A program that prints credentials, as a kubeconfig names it (client.authentication.k8s.io).
package struct ExecPlugin: Sendable, Equatable {
    package var apiVersion: String
    /// A path, or a name to look for in `PATH`.
    package var command: String
    package var arguments: [String] = []
    /// Beside our own environment.
    package var environment: [String: String] = [:]
    package var providesClusterInfo = false

    package init(apiVersion: String, command: String, arguments: [String] = []) {
        self.apiVersion = apiVersion
        self.command = command
        self.arguments = arguments
    }
}
