import Distribution
import YAML

/// Reads the secrets and parameters of Google as their provider does (secrets-store-csi-driver-provider-gcp,
/// `config/config.go` and `util/constants.go`).
enum GoogleSecrets {
    private static let fields = ["resourceName", "fileName", "path", "extractJSONKey", "extractYAMLKey", "mode"]

    static func read(
        _ parameters: ObjectFields, _ list: EmbeddedYAML?, _ findings: inout ClassFindings
    ) -> [VaultObject] {
        let ways = ["provider-adc", "pod-adc"]
        if let way = parameters.text("auth", &findings), !ways.contains(way) {
            parameters.note("auth", "is \(shown(way)), expected \(ways.joined(separator: " or "))", &findings)
        }
        return list?.objects(.lenient, &findings).compactMap { read($0, &findings) } ?? []
    }

    private static func read(_ object: ObjectFields, _ findings: inout ClassFindings) -> VaultObject? {
        object.expectNoOther(than: fields, &findings)
        let name = object.required("resourceName", "projects/PROJECT/secrets/NAME/versions/VERSION", &findings)
        let old = object.text("fileName", &findings)
        let file = object.text("path", &findings) ?? old
        if file == nil { object.note("path", "is missing, expected the name of a file", &findings) }
        if object.text("extractJSONKey", &findings) != nil, object.text("extractYAMLKey", &findings) != nil {
            object.note("extractYAMLKey", "is set beside extractJSONKey, expected one of them", &findings)
        }
        if let mode = object.count("mode", &findings), mode > 0o777 {
            object.note("mode", "is \(mode), expected at most 0777", &findings)
        }
        guard let name, let file else { return nil }
        guard let access = access(name) else {
            object.note(
                "resourceName",
                "is \(shown(name)), expected projects/PROJECT/secrets/NAME/versions/VERSION, perhaps with"
                    + " locations/LOCATION after the project, or parameters in place of secrets", &findings)
            return nil
        }
        return VaultObject(
            name: name, place: findings.place(object.line()), files: ObjectFiles(certain: [file]), access: [access],
            entry: object.node)
    }

    private static func access(_ name: String) -> VaultAccess? {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
        guard parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isNameByte) }), parts.first == "projects",
            parts.count >= 6, parts[parts.count - 2] == "versions"
        else { return nil }
        let isRegional = parts[2] == "locations"
        guard parts.count == (isRegional ? 8 : 6) else { return nil }
        let location = isRegional ? parts[3] : nil
        switch parts[parts.count - 4] {
        case "secrets": return .googleSecret(project: parts[1], location: location, name: parts[parts.count - 3])
        case "parameters" where isRegional: return .googleParameters(project: parts[1])
        default: return nil
        }
    }

    /// Names of projects, which may have a domain before a colon, of locations and of secrets.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || "-_.:".utf8.contains(byte)
    }
}
