/// Where a request goes and with what credentials: a `ClusterConfiguration` at one instant.
struct Endpoint: Sendable, CustomStringConvertible, CustomReflectable {
    var server: ServerURL
    /// The name that the server's certificate must have, if it is not the host's.
    var tlsServerName: String?
    var insecureSkipTLSVerify = false
    var proxy: String?
    /// PEM. None: those that the system trusts.
    var authority: [UInt8]?
    /// PEM.
    var certificate: [UInt8]?
    /// PEM.
    var key: [UInt8]?
    var token: String?

    var description: String { server.text() }
    var customMirror: Mirror { Mirror(self, children: []) }
}
