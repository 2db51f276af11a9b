/// Role bindings for Google's secrets, one for each secret.
enum GoogleScript {
    static let secretRole = "roles/secretmanager.secretAccessor"
    static let parameterRole = "roles/parametermanager.parameterAccessor"

    static func text(_ grants: [Grant], _ header: String) -> String {
        ShellScript.text(
            header, variables: [("MEMBER", "the principal of the service account of the pod")],
            grants.compactMap { grant in
                switch grant.access {
                case .googleSecret(let project, let location, let name):
                    let place = location.map { " --location=\($0)" } ?? ""
                    return command(grant, "secrets", name, "--project=\(project)\(place)", secretRole)
                case .googleParameters(let project):
                    return command(grant, "projects", project, "--condition=None", parameterRole)
                default: return nil
                }
            })
    }

    private static func command(
        _ grant: Grant, _ group: String, _ name: String, _ flags: String, _ role: String
    ) -> String {
        ShellScript.command(
            grant.comment,
            ["gcloud \(group) add-iam-policy-binding \(name) \(flags)", "--role=\(role) --member=\"$MEMBER\""])
    }
}
