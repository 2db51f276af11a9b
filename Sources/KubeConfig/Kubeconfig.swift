import JSON
package import Observability

/// The parts of a kubeconfig (`v1.Config` of k8s.io/client-go) that are needed to connect to a cluster.
package struct Kubeconfig: Sendable, Decodable, JSONReadable {
    package var currentContext: String?
    package var clusters: [NamedCluster]
    package var users: [NamedUser]
    package var contexts: [NamedContext]

    package struct NamedCluster: Sendable, Decodable {
        package var name: String
        package var cluster: Cluster
    }

    package struct Cluster: Sendable, Decodable {
        package var server: String?
        package var certificateAuthority: String?
        package var certificateAuthorityData: String?
        package var insecureSkipTLSVerify: Bool?
        package var tlsServerName: String?
        package var proxyURL: String?

        private enum CodingKeys: String, CodingKey {
            case server
            case certificateAuthority = "certificate-authority"
            case certificateAuthorityData = "certificate-authority-data"
            case insecureSkipTLSVerify = "insecure-skip-tls-verify"
            case tlsServerName = "tls-server-name"
            case proxyURL = "proxy-url"
        }
    }

    package struct NamedUser: Sendable, Decodable {
        package var name: String
        package var user: User?
    }

    package struct User: Sendable, Decodable {
        package var token: String?
        package var tokenFile: String?
        package var clientCertificate: String?
        package var clientCertificateData: String?
        package var clientKey: String?
        package var clientKeyData: String?
        package var exec: Exec?
        /// Read only to reject it: this kind of authentication is not supported.
        package var username: String?
        /// See `username`.
        package var authProvider: AuthProvider?

        private enum CodingKeys: String, CodingKey {
            case token, tokenFile, exec, username
            case authProvider = "auth-provider"
            case clientCertificate = "client-certificate"
            case clientCertificateData = "client-certificate-data"
            case clientKey = "client-key"
            case clientKeyData = "client-key-data"
        }
    }

    /// An `auth-provider` entry. Its content is not read.
    package struct AuthProvider: Sendable, Decodable {
        package init(from decoder: any Decoder) {}
    }

    /// A program that prints credentials (client.authentication.k8s.io).
    package struct Exec: Sendable, Decodable {
        package struct Variable: Sendable, Decodable {
            package var name: String
            package var value: String
        }

        package var apiVersion: String
        package var command: String
        package var args: [String]?
        package var env: [Variable]?
        package var provideClusterInfo: Bool?
    }

    package struct NamedContext: Sendable, Decodable {
        package var name: String
        package var context: Context
    }

    package struct Context: Sendable, Decodable {
        package var cluster: String
        package var user: String?
        package var namespace: String?
    }

    private enum CodingKeys: String, CodingKey {
        case clusters, users, contexts
        case currentContext = "current-context"
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        currentContext = try container.decodeIfPresent(String.self, forKey: .currentContext)
        clusters = try container.decodeIfPresent([NamedCluster].self, forKey: .clusters) ?? []
        users = try container.decodeIfPresent([NamedUser].self, forKey: .users) ?? []
        contexts = try container.decodeIfPresent([NamedContext].self, forKey: .contexts) ?? []
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
