/// Values that have to be of a certain form; the failure says where one is not.
extension JSONNode {
    package func required(_ key: String) throws(JSONBytes.Failure) -> JSONNode {
        if let value = self[key] { return value }
        guard isObject else { try fails("is no object") }
        try fails("is missing", at: ".\(key)")
    }

    package func asString() throws(JSONBytes.Failure) -> String {
        guard let string else { try fails("is no String") }
        return string
    }

    package func asInt() throws(JSONBytes.Failure) -> Int {
        guard let int else { try fails("is no Int") }
        return int
    }

    package func asBool() throws(JSONBytes.Failure) -> Bool {
        guard let bool else { try fails("is no Bool") }
        return bool
    }

    /// Members that are null are left out.
    package func asStrings() throws(JSONBytes.Failure) -> [String: String] {
        if let strings { return strings }
        guard isObject else { try fails("is no object") }
        for (_, value) in members where !value.isNull && value.string == nil { try value.fails("is no String") }
        try fails("has a key that is no String")
    }

    package func asList<Value>(
        of read: (JSONNode) throws(JSONBytes.Failure) -> Value
    ) throws(JSONBytes.Failure) -> [Value] {
        guard isArray else { try fails("is no list") }
        var values: [Value] = []
        for element in elements { values.append(try read(element)) }
        return values
    }
}
