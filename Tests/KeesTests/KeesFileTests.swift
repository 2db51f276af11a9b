import Formats
import Snapshots
import Testing

@testable import Kees

@Suite("The file that kees writes")
struct KeesFileTests {
    private func parse(_ text: [UInt8]) throws -> [String: [UInt8]] {
        try text.withUnsafeBytes { (bytes) throws(FormError) in try KeesFile.parse(bytes) }
            .mapValues { $0.withUnsafeBytes { Array($0) } }
    }

    @Test("has the lines of kees' own test, sorted by name")
    func encoding() {
        let values = ["b.password": "fakepassword", "a": "x", "c_private": "", "B": "1"]
        let text = KeesFile.encode(values.mapValues { SecretBytes($0.utf8) })
        #expect(
            String(decoding: text, as: UTF8.self) == "B=MQ==\na=eA==\nb.password=ZmFrZXBhc3N3b3Jk\nc_private=\n")
        #expect(KeesFile.encode([:]).isEmpty)
    }

    @Test("is read again with every byte")
    func roundTrip() throws {
        let values = ["all": Array(UInt8.min...UInt8.max), "none": [], "x-y_z.1": Array("\n=#\\".utf8)]
        #expect(try parse(KeesFile.encode(values.mapValues { SecretBytes($0) })) == values)
    }

    @Test("that is damaged is rejected without a value", arguments: ["a", "a=eA==\na=eA==", "a=secret!", "a=e"])
    func damaged(text: String) {
        #expect { try parse(Array(text.utf8)) } throws: { !"\($0)".contains("secret!") && $0 is FormError }
    }
}
