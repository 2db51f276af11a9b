/// The server and credentials for a request, loaded from a `ClusterConfiguration`.
package struct Endpoint: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    package var server: ServerURL
    /// The name that the server's certificate must have; nil for the host of the server.
    package var tlsServerName: String?
    package var insecureSkipTLSVerify = false
    package var proxy: String?
    /// PEM. Nil for the certificates that the system trusts.
    package var authority: [UInt8]?
    /// PEM.
    package var certificate: [UInt8]?
    /// PEM.
    package var key: [UInt8]?
    package var token: String?

    package init(server: ServerURL) { self.server = server }

    package var description: String { server.text() }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
