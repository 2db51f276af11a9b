/// Where a request goes and with what credentials: a `ClusterConfiguration` at one instant.
package struct Endpoint: Sendable, CustomStringConvertible, CustomReflectable {
    package var server: ServerURL
    /// The name that the server's certificate must have, if it is not the host's.
    package var tlsServerName: String?
    package var insecureSkipTLSVerify = false
    package var proxy: String?
    /// PEM. None: those that the system trusts.
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
