import FoundationEssentials
import JSON
import Snapshots
import Stores

enum AgentTargets {
    /// Only digests of a Secret's values are kept.
    static let secret: Fuzz.Target = { bytes in
        _ = try? JSONBytes.decode(SecretObject.self, from: bytes)
        let text = Data(bytes).base64EncodedString()
        let json: JSONValue = ["metadata": ["name": "a"], "data": ["key": .string(text), "none": nil]]
        guard let secret = try? JSONBytes.decode(SecretObject.self, from: json.encoded()) else {
            Fuzz.require(false, "a Secret can be read")
            return
        }
        Fuzz.require(secret.observed.digests["key"] == Digest(of: SecretBytes(bytes)), "a value is kept as its digest")
        Fuzz.require(secret.observed.digests["none"] == Digest(of: SecretBytes([])), "null is an empty value")
        var dumped = ""
        dump(secret, to: &dumped)
        Fuzz.require(bytes.count < 9 || !dumped.contains(text), "values are not kept")
    }
}
