import Distribution
import YAML

/// Reads the objects of AWS Secrets Manager and Parameter Store as their provider does
/// (secrets-store-csi-driver-provider-aws, `provider/secret_descriptor.go`).
struct AWSObjects {
    private static let fields = [
        "objectName", "objectType", "objectAlias", "objectVersion", "objectVersionLabel", "filePermission", "jmesPath",
        "failoverObject",
    ]

    private let region: String?
    private let failoverRegion: String?
    /// What replaces a slash in the name of a file; "" if nothing does.
    private let translation: String

    static func read(
        _ parameters: ObjectFields, _ list: EmbeddedYAML?, _ findings: inout ClassFindings
    ) -> [VaultObject] {
        let reader = AWSObjects(
            region: region("region", parameters, &findings),
            failoverRegion: region("failoverRegion", parameters, &findings),
            translation: translation(parameters, &findings))
        return list?.objects(.json, &findings).compactMap { reader.read($0, &findings) } ?? []
    }

    private static func region(
        _ name: String, _ parameters: ObjectFields, _ findings: inout ClassFindings
    ) -> String? {
        guard let text = parameters.text(name, &findings) else { return nil }
        guard AWSName.isRegion(text) else {
            parameters.note(name, "is \(shown(text)), expected a region such as eu-west-2", &findings)
            return nil
        }
        return text
    }

    private static func translation(_ parameters: ObjectFields, _ findings: inout ClassFindings) -> String {
        guard let text = parameters.text("pathTranslation", &findings) else { return "_" }
        if text.lowercased() == "false" { return "" }
        if text.utf8.count != 1 {
            parameters.note("pathTranslation", "is \(shown(text)), expected one character or \"False\"", &findings)
        }
        return text
    }

    private func read(_ object: ObjectFields, _ findings: inout ClassFindings) -> VaultObject? {
        object.expectNoOther(than: Self.fields, &findings)
        checkPermission(object, &findings)
        let name = object.required("objectName", "the name or the ARN of a secret or a parameter", &findings)
        let alias = object.text("objectAlias", &findings)
        let jmesFiles = jmesFiles(object, &findings)
        guard let name, let service = service(of: name, object, &findings),
            let first = resource(name, service, in: region, "objectName", object, &findings)
        else { return nil }
        var resources = [first]
        if let second = failover(name, service, alias, object, &findings) { resources.append(second) }
        let isParameter = service == .parameter
        if isParameter, object.text("objectVersion", &findings) != nil,
            object.text("objectVersionLabel", &findings) != nil
        {
            object.note("objectVersionLabel", "is set beside objectVersion, expected one of them", &findings)
        }
        var access = resources.map { isParameter ? VaultAccess.awsParameter($0) : .awsSecret($0) }
        if isParameter, let secret = AWSName.referencedSecret(name) {
            access += [region, failoverRegion].compactMap(\.self).map { .awsSecret(.named(secret, region: $0)) }
            if region == nil { access.append(.awsSecret(.named(secret, region: nil))) }
        }
        return VaultObject(
            name: name, place: findings.place(object.line()),
            files: ObjectFiles(certain: ([alias ?? name] + jmesFiles).map(fileName)), access: access,
            entry: object.node)
    }

    /// `GetFileName`
    private func fileName(_ text: String) -> String {
        if !translation.isEmpty {
            return text.split(separator: "/", omittingEmptySubsequences: false).joined(separator: translation)
        }
        return String(text.drop { $0 == "/" })
    }

    /// The files of members of a JSON secret, beside the file of the whole secret.
    private func jmesFiles(_ object: ObjectFields, _ findings: inout ClassFindings) -> [String] {
        object.list("jmesPath", &findings).compactMap { entry in
            entry.expectNoOther(than: ["path", "objectAlias", "filePermission"], &findings)
            checkPermission(entry, &findings)
            _ = entry.required("path", "a JMESPath expression", &findings)
            return entry.required("objectAlias", "the name of a file", &findings)
        }
    }

    private func service(
        of name: String, _ object: ObjectFields, _ findings: inout ClassFindings
    ) -> AWSName.Service? {
        let type = object.text("objectType", &findings)
        let typed = type.flatMap { AWSName.Service(rawValue: $0) }
        if let type, typed == nil {
            object.note("objectType", "is \(shown(type)), expected secretsmanager or ssmparameter", &findings)
            return nil
        }
        guard name.hasPrefix("arn:") else {
            if type == nil {
                object.note(
                    "objectType", "is missing, expected secretsmanager or ssmparameter, as objectName is not an ARN",
                    &findings)
            }
            return typed
        }
        let service = AWSName.service(ofARN: name)
        if let typed, service != typed {
            object.note(
                "objectType", "is \(typed.rawValue), but the ARN \(shown(name)) is of another service", &findings)
            return nil
        }
        if service == nil {
            object.note("objectName", "is \(shown(name)), expected the ARN of a secret or a parameter", &findings)
        }
        return service
    }

    private func resource(
        _ name: String, _ service: AWSName.Service, in region: String?, _ field: String, _ object: ObjectFields,
        _ findings: inout ClassFindings
    ) -> AWSResource? {
        if let problem = AWSName.problem(of: name, service, region: region) {
            object.note(field, problem, &findings)
            return nil
        }
        return name.hasPrefix("arn:") ? .arn(name) : .named(name, region: region)
    }

    /// What the provider also reads in the other region.
    private func failover(
        _ name: String, _ service: AWSName.Service, _ alias: String?, _ object: ObjectFields,
        _ findings: inout ClassFindings
    ) -> AWSResource? {
        guard let other = object.member("failoverObject", &findings) else {
            guard let failoverRegion else { return nil }
            return resource(name, service, in: failoverRegion, "objectName", object, &findings)
        }
        other.expectNoOther(than: ["objectName", "objectVersion", "objectVersionLabel"], &findings)
        guard let name = other.required("objectName", "the name or the ARN in the other region", &findings) else {
            return nil
        }
        if alias == nil { object.note("objectAlias", "is missing, which failoverObject needs", &findings) }
        if other.text("objectVersion", &findings) != object.text("objectVersion", &findings) {
            other.note("objectVersion", "is not the objectVersion of the object", &findings)
        }
        guard let failoverRegion else {
            object.note("failoverObject", "is set, but spec.parameters.failoverRegion is missing", &findings)
            return nil
        }
        return resource(name, service, in: failoverRegion, "failoverObject", object, &findings)
    }

    private func checkPermission(_ object: ObjectFields, _ findings: inout ClassFindings) {
        guard let text = object.text("filePermission", &findings) else { return }
        let isOctal = text.utf8.count == 4 && text.utf8.allSatisfy { (0x30...0x37).contains($0) }
        if !isOctal { object.note("filePermission", "is \(shown(text)), expected four octal digits", &findings) }
    }
}
