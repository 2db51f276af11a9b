/// Pages of lists, byte by byte as an API server sends them: on one line, with the managed fields of the writers.
enum Page {
    static func distributions(_ count: Int) -> [UInt8] {
        list("SecretsDistributionList", "xlscsde.nhs.uk/v1", (0..<count).map(distribution))
    }

    static func secrets(_ count: Int) -> [UInt8] { list("SecretList", "v1", (0..<count).map(secret)) }

    private static func list(_ kind: String, _ version: String, _ items: [String]) -> [UInt8] {
        let text = #"{"kind":"\#(kind)","apiVersion":"\#(version)","metadata":{"resourceVersion":"48210"},"items":["#
        return Array((text + items.joined(separator: ",") + "]}\n").utf8)
    }

    /// In sync, with a status; its Secret is the one with the same number.
    static func distribution(_ number: Int) -> String {
        let spec = #"""
            {"deletionPolicy":"Retain","name":"secret-\#(number)",\#
            "secrets":[{"from":"shared.crt","optional":false,"to":"ca.crt"},\#
            {"from":"folder-\#(number / 10 % 100)/file-\#(number % 10)","optional":false,"to":"password"}],\#
            "type":"Opaque","validation":"Full"}
            """#
        let fields = #"""
            [{"apiVersion":"xlscsde.nhs.uk/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{".":{},\#
            "f:deletionPolicy":{},"f:name":{},"f:secrets":{".":{},"k:{\"to\":\"ca.crt\"}":{".":{},"f:from":{},\#
            "f:optional":{},"f:to":{}},"k:{\"to\":\"password\"}":{".":{},"f:from":{},"f:optional":{},"f:to":{}}},\#
            "f:type":{},"f:validation":{}}},"manager":"kubectl-create","operation":"Update",\#
            "time":"2026-05-01T10:00:00Z"},{"apiVersion":"xlscsde.nhs.uk/v1","fieldsType":"FieldsV1",\#
            "fieldsV1":{"f:status":{".":{},"f:conditions":{".":{},"k:{\"type\":\"Ready\"}":{".":{},\#
            "f:lastTransitionTime":{},"f:message":{},"f:observedGeneration":{},"f:reason":{},"f:status":{},"f:type":{}}},\#
            "f:lastUpdated":{},"f:mountGeneration":{},"f:observedGeneration":{},"f:statusText":{}}},\#
            "manager":"secrets-distributor","operation":"Update","subresource":"status","time":"2026-05-01T10:00:01Z"}]
            """#
        let status = #"""
            {"conditions":[{"lastTransitionTime":"2026-05-01T10:00:01Z",\#
            "message":"Secret secret-\#(number) holds 2 keys from the mount.","observedGeneration":1,"reason":"Synced",\#
            "status":"True","type":"Ready"}],"lastUpdated":"2026-05-01T10:00:01Z",\#
            "mountGeneration":"..2026_05_01_10_00_00.1234567890","observedGeneration":1,\#
            "statusText":"Secret secret-\#(number) holds 2 keys from the mount."}
            """#
        return #"""
            {"apiVersion":"xlscsde.nhs.uk/v1","kind":"SecretsDistribution","metadata":{\#
            "creationTimestamp":"2026-05-01T10:00:00Z","generation":1,"managedFields":\#(fields),\#
            "name":"distribution-\#(number)","namespace":"shop","resourceVersion":"\#(20000 + number)",\#
            "uid":"\#(uid(number))"},"spec":\#(spec),"status":\#(status)}
            """#
    }

    /// As this program has written it: a kilobyte and a password, in base64.
    static func secret(_ number: Int) -> String {
        let fields = #"""
            [{"manager":"secrets-distributor","operation":"Update","apiVersion":"v1","time":"2026-05-01T10:00:01Z",\#
            "fieldsType":"FieldsV1","fieldsV1":{"f:data":{".":{},"f:ca.crt":{},"f:password":{}},"f:metadata":{\#
            "f:annotations":{".":{},"f:xlscsde.nhs.uk/distribution":{},"f:xlscsde.nhs.uk/managedBy":{},\#
            "f:xlscsde.nhs.uk/mountGeneration":{}},"f:labels":{".":{},"f:app.kubernetes.io/managed-by":{}}},"f:type":{}}}]
            """#
        let content = String(repeating: "bWFkZSB1cCwgbm8gc2VjcmV0", count: 57)
        return #"""
            {"metadata":{"name":"secret-\#(number)","namespace":"shop","uid":"\#(uid(number))",\#
            "resourceVersion":"\#(20000 + number)","creationTimestamp":"2026-05-01T10:00:01Z",\#
            "labels":{"app.kubernetes.io/managed-by":"secrets-distributor"},"annotations":{\#
            "xlscsde.nhs.uk/distribution":"shop/distribution-\#(number)",\#
            "xlscsde.nhs.uk/managedBy":"secrets-distributor",\#
            "xlscsde.nhs.uk/mountGeneration":"..2026_05_01_10_00_00.1234567890"},"managedFields":\#(fields)},\#
            "data":{"ca.crt":"\#(content)","password":"cGFzc3dvcmQtMQ=="},"type":"Opaque"}
            """#
    }

    private static func uid(_ number: Int) -> String { "6f1c2d1e-5b5a-4c55-9d2e-0000000\(10000 + number)" }
}
