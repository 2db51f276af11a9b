/// The Secret types for which the API server requires keys (`ValidateSecret` of the Kubernetes API).
package enum SecretType: String, CaseIterable {
    case tls = "kubernetes.io/tls"
    case dockerConfigJSON = "kubernetes.io/dockerconfigjson"
    case dockerConfig = "kubernetes.io/dockercfg"
    case basicAuth = "kubernetes.io/basic-auth"
    case sshAuth = "kubernetes.io/ssh-auth"

    /// The Secret must have at least one key of each list.
    package var requiredKeys: [[String]] {
        switch self {
        case .tls: [[Self.certificate], [Self.key]]
        case .dockerConfigJSON: [[".dockerconfigjson"]]
        case .dockerConfig: [[".dockercfg"]]
        case .basicAuth: [["username", "password"]]
        case .sshAuth: [["ssh-privatekey"]]
        }
    }

    package static let certificate = "tls.crt"
    package static let key = "tls.key"
    package static let authority = "ca.crt"
    /// The keys that everybody may read, and that must not hold a private key.
    package static let publicKeys = [certificate, authority]
    /// The keys that hold certificates or their private key, in a Secret of any type.
    package static let certificateKeys = [certificate, key, authority]
}
