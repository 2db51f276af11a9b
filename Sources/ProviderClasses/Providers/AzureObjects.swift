import Distribution
import YAML

/// Reads the objects of an Azure Key Vault as its provider does (secrets-store-csi-driver-provider-azure,
/// `pkg/provider/provider.go`, `validate.go` and `types`).
enum AzureObjects {
    private static let fields = [
        "objectName", "objectAlias", "objectVersion", "objectVersionHistory", "objectType", "objectFormat",
        "objectEncoding", "filePermission",
    ]

    static func read(
        _ parameters: ObjectFields, _ list: EmbeddedYAML?, _ findings: inout ClassFindings
    ) -> [VaultObject] {
        let vault = readVault(parameters, &findings)
        guard let list else { return [] }
        guard let array = list.root?["array"] else {
            findings.note(
                list.root.map { list.lines($0.line) } ?? parameters.line("objects"),
                "\(list.path) has no \"array\", expected \"array:\" with a list of texts, each an object as YAML")
            return []
        }
        let path = "\(list.path).array"
        return list.entries(of: array, path, &findings).enumerated().compactMap { index, entry in
            guard entry.string != nil else {
                findings.note(
                    list.lines(entry.line), "\(path)[\(index)] is \(entry.noun), expected an object as text: \"- |\"")
                return nil
            }
            let place = "\(path)[\(index)]"
            let text = EmbeddedYAML(entry, in: list.lines, path: place, isObject: true, &findings)
            guard let text, let root = text.root else { return nil }
            guard case .mapping = root.kind else {
                findings.note(text.lines(root.line), "\(place) is \(root.noun), expected an object")
                return nil
            }
            let object = ObjectFields(node: root, lines: text.lines, path: place, dialect: .trimmed)
            return read(object, vault: vault, &findings)
        }
    }

    private static func readVault(_ parameters: ObjectFields, _ findings: inout ClassFindings) -> String {
        if parameters.node["tenantID"] == nil, parameters.node["tenantId"] == nil {
            parameters.note("tenantId", "is missing, expected the tenant of the vault", &findings)
        }
        let name = parameters.required("keyvaultName", "the name of the vault", &findings)?.trimmed ?? ""
        let isValid =
            (3...24).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9") ~= $0 || $0 == "-")
            }
        if !name.isEmpty, !isValid {
            parameters.note(
                "keyvaultName", "is \(shown(name)), expected 3 to 24 letters, digits and \"-\"", &findings)
        }
        return name
    }

    private static func read(
        _ object: ObjectFields, vault: String, _ findings: inout ClassFindings
    ) -> VaultObject? {
        object.expectNoOther(than: fields, &findings)
        let name = object.required("objectName", "the name of the object in the vault", &findings)
        let type = object.required("objectType", "secret, key or cert", &findings)
        let kind = type.flatMap { AzureKind(rawValue: $0) }
        if let type, kind == nil {
            object.note("objectType", "is \(shown(type)), expected secret, key or cert", &findings)
        }
        checkContent(object, kind, &findings)
        let history = object.count("objectVersionHistory", &findings) ?? 0
        let alias = object.text("objectAlias", &findings)
        guard let name, let kind else { return nil }
        // The scope of a role has the name in its path.
        guard name.utf8.allSatisfy({ isNameByte($0) }) else {
            object.note("objectName", "is \(shown(name)), expected letters, digits and \"-\"", &findings)
            return nil
        }
        var files = ObjectFiles(certain: [alias ?? name])
        if history > 1 {
            files.certain = ["\(alias ?? name)/0"]
            // The provider gives one version more than it is asked for (`getLatestNKeyVaultObjects`).
            files.lastVersion = history
        }
        if kind == .secret { files.endings = [".crt", ".key"] }
        return VaultObject(
            name: name, place: findings.place(object.line()), files: files,
            access: [.azure(vault: vault, kind: kind, name: name)], entry: object.node)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
    }

    private static func checkContent(_ object: ObjectFields, _ kind: AzureKind?, _ findings: inout ClassFindings) {
        if let format = object.text("objectFormat", &findings) {
            if !["pem", "pfx"].contains(format.lowercased()) {
                object.note("objectFormat", "is \(shown(format)), expected pem or pfx", &findings)
            } else if format.lowercased() == "pfx", let kind, kind != .secret {
                object.note("objectFormat", "is \(shown(format)), which needs objectType secret", &findings)
            }
        }
        if let encoding = object.text("objectEncoding", &findings) {
            if let kind, kind != .secret {
                object.note("objectEncoding", "is \(shown(encoding)), which needs objectType secret", &findings)
            } else if !["hex", "base64", "utf-8"].contains(encoding.lowercased()) {
                object.note("objectEncoding", "is \(shown(encoding)), expected hex, base64 or utf-8", &findings)
            }
        }
        if let permission = object.text("filePermission", &findings), Int32(permission, radix: 8) == nil {
            object.note("filePermission", "is \(shown(permission)), expected an octal number", &findings)
        }
    }
}
