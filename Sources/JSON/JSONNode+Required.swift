/// Values that must exist or have a certain type. The failure names the place.
extension JSONNode {
    package func required(_ key: String) throws(JSONBytes.Failure) -> JSONNode {
        if let value = self[key] { return value }
        guard isObject else { try fails("is not an object") }
        try fails("is missing", at: ".\(key)")
    }

    package func asObject() throws(JSONBytes.Failure) -> JSONNode {
        guard isObject else { try fails("is not an object") }
        return self
    }

    package func asString() throws(JSONBytes.Failure) -> String {
        guard let string else { try fails("is not a string") }
        return string
    }

    package func asInt() throws(JSONBytes.Failure) -> Int {
        guard let int else { try fails("is not an integer") }
        return int
    }

    package func asBool() throws(JSONBytes.Failure) -> Bool {
        guard let bool else { try fails("is not true or false") }
        return bool
    }

    /// A map of strings. Members that are null are ignored.
    package func asStrings() throws(JSONBytes.Failure) -> [String: String] {
        if let strings { return strings }
        guard isObject else { try fails("is not an object") }
        for (_, value) in members where !value.isNull && value.string == nil { try value.fails("is not a string") }
        try fails("has a key that is not a string")
    }

    package func asList<Value>(
        of read: (JSONNode) throws(JSONBytes.Failure) -> Value
    ) throws(JSONBytes.Failure) -> [Value] {
        guard isArray else { try fails("is not a list") }
        var values: [Value] = []
        for element in elements { values.append(try read(element)) }
        return values
    }
}
