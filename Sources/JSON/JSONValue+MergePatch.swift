extension JSONValue {
    /// The value with a JSON merge patch applied (RFC 7386): `null` removes a key, an array is replaced as a whole.
    package func merging(_ patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var members = object ?? [:]
        for (key, change) in changes {
            // Not `members[key] = … ? nil : …`: that nil would be `JSONValue.null`.
            if change == .null {
                members.removeValue(forKey: key)
            } else {
                members[key] = (members[key] ?? .null).merging(change)
            }
        }
        return .object(members)
    }
}
