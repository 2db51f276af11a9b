import Distribution
import YAML

/// Reads the objects of HashiCorp Vault as its provider does (vault-csi-provider, `internal/config/config.go` and
/// `internal/client/client.go`).
enum VaultObjects {
    private static let fields = [
        "objectName", "secretPath", "secretKey", "method", "secretArgs", "filePermission", "encoding",
    ]

    static func read(
        _ parameters: ObjectFields, _ list: EmbeddedYAML?, _ findings: inout ClassFindings
    ) -> [VaultObject] {
        _ = parameters.required("roleName", "the role of Vault's Kubernetes or JWT authentication", &findings)
        if parameters.node["vaultKubernetesMountPath"] != nil, parameters.node["vaultAuthMountPath"] != nil {
            parameters.note(
                "vaultKubernetesMountPath", "is set beside vaultAuthMountPath, expected one of them", &findings)
        }
        let namespace = parameters.text("vaultNamespace", &findings)
        let address = parameters.text("vaultAddress", &findings)
        return list?.objects(.lenient, &findings).compactMap { object in
            read(object, &findings) { path, capabilities in
                VaultPath(path: path, capabilities: capabilities, namespace: namespace, address: address)
            }
        } ?? []
    }

    private static func read(
        _ object: ObjectFields, _ findings: inout ClassFindings, _ access: (String, [String]) -> VaultPath
    ) -> VaultObject? {
        object.expectNoOther(than: fields, &findings)
        let name = object.required("objectName", "the name of a file", &findings)
        let path = object.required("secretPath", "a path such as secret/data/web", &findings)
        if let encoding = object.text("encoding", &findings),
            !["utf-8", "base64", "hex"].contains(encoding.lowercased())
        {
            object.note("encoding", "is \(shown(encoding)), expected utf-8, base64 or hex", &findings)
        }
        let method = object.text("method", &findings) ?? "GET"
        guard let capabilities = capabilities(for: method) else {
            object.note("method", "is \(shown(method)), expected GET, LIST, POST or PUT", &findings)
            return nil
        }
        guard let name, let path else { return nil }
        let plain = policyPath(path)
        guard isOnePath(plain) else {
            object.note("secretPath", "is \(shown(path)), expected the path of one secret", &findings)
            return nil
        }
        return VaultObject(
            name: name, place: findings.place(object.line()), files: ObjectFiles(certain: [name]),
            access: [.vaultPath(access(plain, capabilities))], entry: object.node)
    }

    /// Whether a policy reads the path as it is. `*` at the end and the segment `+` are patterns, and `{{` starts a
    /// variable (developer.hashicorp.com/vault/docs/concepts/policies).
    private static func isOnePath(_ path: String) -> Bool {
        let special = ["{{", "${", "%{", "\"", "\\"]
        return !path.isEmpty && path.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } && !path.hasSuffix("*")
            && !path.split(separator: "/").contains("+") && !special.contains(where: path.contains)
    }

    /// The path without the API's version and without a query.
    private static func policyPath(_ path: String) -> String {
        var rest = path.prefix { $0 != "?" }
        while rest.first == "/" { rest.removeFirst() }
        if rest.hasPrefix("v1/") { rest = rest.dropFirst(3) }
        return String(rest)
    }

    /// What a policy must permit for a request (developer.hashicorp.com/vault/docs/concepts/policies, capabilities).
    private static func capabilities(for method: String) -> [String]? {
        switch method {
        case "GET": ["read"]
        case "LIST": ["list"]
        case "POST", "PUT": ["create", "update"]
        default: nil
        }
    }
}
