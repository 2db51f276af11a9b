/// The types of which the API server asks something, and what (ValidateSecret of the Kubernetes API).
enum SecretType: String, CaseIterable {
    case tls = "kubernetes.io/tls"
    case dockerConfigJSON = "kubernetes.io/dockerconfigjson"
    case dockerConfig = "kubernetes.io/dockercfg"
    case basicAuth = "kubernetes.io/basic-auth"
    case sshAuth = "kubernetes.io/ssh-auth"

    /// The Secret must have one key of each list.
    var requiredKeys: [[String]] {
        switch self {
        case .tls: [[Self.certificate], [Self.key]]
        case .dockerConfigJSON: [[".dockerconfigjson"]]
        case .dockerConfig: [[".dockercfg"]]
        case .basicAuth: [["username", "password"]]
        case .sshAuth: [["ssh-privatekey"]]
        }
    }

    static let certificate = "tls.crt"
    static let key = "tls.key"
    static let authority = "ca.crt"
    /// Those that hold certificates or their key, in a Secret of any type.
    static let certificateKeys = [certificate, key, authority]
}
