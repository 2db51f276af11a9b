package import JSON
package import Observability

/// The parts of a kubeconfig (`v1.Config` of k8s.io/client-go) that are needed to connect to a cluster.
package struct Kubeconfig: Sendable, JSONReadable {
    package var currentContext: String?
    package var clusters: [NamedCluster]
    package var users: [NamedUser]
    package var contexts: [NamedContext]

    package struct NamedCluster: Sendable {
        package var name: String
        package var cluster: Cluster
    }

    package struct Cluster: Sendable {
        package var server: String?
        package var certificateAuthority: String?
        package var certificateAuthorityData: String?
        package var insecureSkipTLSVerify: Bool?
        package var tlsServerName: String?
        package var proxyURL: String?
    }

    package struct NamedUser: Sendable {
        package var name: String
        package var user: User?
    }

    package struct User: Sendable {
        package var token: String?
        package var tokenFile: String?
        package var clientCertificate: String?
        package var clientCertificateData: String?
        package var clientKey: String?
        package var clientKeyData: String?
        package var exec: Exec?
        /// Read only to reject it: this kind of authentication is not supported.
        package var username: String?
        /// See `username`. Its content is not read.
        package var hasAuthProvider = false
    }

    /// A program that prints credentials (client.authentication.k8s.io).
    package struct Exec: Sendable {
        package struct Variable: Sendable {
            package var name: String
            package var value: String
        }

        package var apiVersion: String
        package var command: String
        package var args: [String]?
        package var env: [Variable]?
        package var provideClusterInfo: Bool?
    }

    package struct NamedContext: Sendable {
        package var name: String
        package var context: Context
    }

    package struct Context: Sendable {
        package var cluster: String
        package var user: String?
        package var namespace: String?
    }

    /// - Parameters:
    ///   - bytes: the file's content as JSON.
    ///   - file: its path, for errors.
    package init(json bytes: [UInt8], file: String) throws(ConfigurationError) {
        do {
            self = try JSONBytes.decode(Kubeconfig.self, from: bytes)
        } catch {
            throw ConfigurationError(source: file, field: error.description, expected: "a kubeconfig")
        }
    }
}

extension Kubeconfig {
    package init(reading json: JSONNode) throws(JSONBytes.Failure) {
        let json = try json.asObject()
        currentContext = try json["current-context"]?.asString()
        clusters = try json["clusters"]?.asList(of: NamedCluster.init(reading:)) ?? []
        users = try json["users"]?.asList(of: NamedUser.init(reading:)) ?? []
        contexts = try json["contexts"]?.asList(of: NamedContext.init(reading:)) ?? []
    }
}

extension Kubeconfig.NamedCluster {
    fileprivate init(reading json: JSONNode) throws(JSONBytes.Failure) {
        name = try json.required("name").asString()
        cluster = try Kubeconfig.Cluster(reading: json.required("cluster"))
    }
}

extension Kubeconfig.Cluster {
    fileprivate init(reading json: JSONNode) throws(JSONBytes.Failure) {
        let json = try json.asObject()
        server = try json["server"]?.asString()
        certificateAuthority = try json["certificate-authority"]?.asString()
        certificateAuthorityData = try json["certificate-authority-data"]?.asString()
        insecureSkipTLSVerify = try json["insecure-skip-tls-verify"]?.asBool()
        tlsServerName = try json["tls-server-name"]?.asString()
        proxyURL = try json["proxy-url"]?.asString()
    }
}

extension Kubeconfig.NamedUser {
    fileprivate init(reading json: JSONNode) throws(JSONBytes.Failure) {
        name = try json.required("name").asString()
        if let json = json["user"] { user = try Kubeconfig.User(reading: json) }
    }
}

extension Kubeconfig.User {
    fileprivate init(reading json: JSONNode) throws(JSONBytes.Failure) {
        let json = try json.asObject()
        token = try json["token"]?.asString()
        tokenFile = try json["tokenFile"]?.asString()
        clientCertificate = try json["client-certificate"]?.asString()
        clientCertificateData = try json["client-certificate-data"]?.asString()
        clientKey = try json["client-key"]?.asString()
        clientKeyData = try json["client-key-data"]?.asString()
        if let json = json["exec"] { exec = try Kubeconfig.Exec(reading: json) }
        username = try json["username"]?.asString()
        hasAuthProvider = json["auth-provider"] != nil
    }
}

extension Kubeconfig.Exec {
    fileprivate init(reading json: JSONNode) throws(JSONBytes.Failure) {
        apiVersion = try json.required("apiVersion").asString()
        command = try json.required("command").asString()
        args = try json["args"]?.asList { (json) throws(JSONBytes.Failure) in try json.asString() }
        env = try json["env"]?.asList(of: Variable.init(reading:))
        provideClusterInfo = try json["provideClusterInfo"]?.asBool()
    }
}

extension Kubeconfig.Exec.Variable {
    fileprivate init(reading json: JSONNode) throws(JSONBytes.Failure) {
        name = try json.required("name").asString()
        value = try json.required("value").asString()
    }
}

extension Kubeconfig.NamedContext {
    fileprivate init(reading json: JSONNode) throws(JSONBytes.Failure) {
        name = try json.required("name").asString()
        context = try Kubeconfig.Context(reading: json.required("context"))
    }
}

extension Kubeconfig.Context {
    fileprivate init(reading json: JSONNode) throws(JSONBytes.Failure) {
        cluster = try json.required("cluster").asString()
        user = try json["user"]?.asString()
        namespace = try json["namespace"]?.asString()
    }
}
