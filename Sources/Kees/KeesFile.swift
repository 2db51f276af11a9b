package import Formats
package import Snapshots

/// The file that kees' init container writes for an application: a line `NAME=VALUE` for each value, with the value in
/// base64 (kees, `InitMain.java`). kees writes the lines in no particular order; here they are sorted by name.
///
/// `java.util.Properties` reads it without escapes: a name consists of letters, digits, `-`, `_` and `.`, as a key of a
/// Secret does.
package enum KeesFile {
    /// The file's name, as in kees.
    package static let name = "secrets.properties"

    /// - Parameter values: by name, which must be a valid key of a Secret.
    package static func encode(_ values: [String: SecretBytes]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(values.reduce(0) { $0 + $1.key.utf8.count + ($1.value.count + 2) / 3 * 4 + 2 })
        for (name, value) in values.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            text += Array(name.utf8)
            text.append(UInt8(ascii: "="))
            text += value.withUnsafeBytes { ByteEncoding.encodeBase64(Array($0)) }
            text.append(UInt8(ascii: "\n"))
        }
        return text
    }

    /// Reads the file again. The order of the lines does not matter.
    ///
    /// - Throws: the line that is not valid, or both lines if a name occurs twice. The error contains no value.
    package static func parse(_ content: UnsafeRawBufferPointer) throws(FormError) -> [String: SecretBytes] {
        var values: [String: SecretBytes] = [:]
        for (name, encoded) in try PropertiesFile.parse(content) {
            do throws(FormError) {
                values[name] = try encoded.withUnsafeBytes { (bytes) throws(FormError) in
                    try ByteEncoding.base64.decode(bytes)
                }
            } catch {
                throw FormError("has a value that \(error.description)")
            }
        }
        return values
    }
}
