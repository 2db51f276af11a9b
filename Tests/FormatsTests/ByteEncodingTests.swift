import JSON
import Snapshots
import TestTraits
import Testing

@testable import Formats

@Suite(.tags(.unsafeMemory)) struct ByteEncodingTests {
    private func decode(_ encoding: ByteEncoding, _ text: String) throws(FormError) -> [UInt8] {
        try read(text.utf8) { (text) throws(FormError) in try encoding.decode(text).array }
    }

    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", "", ""), ("f", "Zg==", "66"), ("fo", "Zm8=", "666F"), ("foo", "Zm9v", "666F6F"),
        ("foob", "Zm9vYg==", "666F6F62"), ("fooba", "Zm9vYmE=", "666F6F6261"), ("foobar", "Zm9vYmFy", "666F6F626172"),
    ])
    func `the test vectors of the RFC are decoded`(text: String, base64: String, hex: String) throws {
        let bytes = Array(text.utf8)
        #expect(try decode(.base64, base64) == bytes)
        #expect(try decode(.base64URL, base64) == bytes)
        #expect(try decode(.base64, base64.replacing("=", with: "")) == bytes)
        #expect(try decode(.hex, hex) == bytes)
        #expect(try decode(.hex, hex.lowercased()) == bytes)
    }

    @Test func `every byte is decoded from each encoding`() throws {
        let bytes = (0...255).map { UInt8($0) }
        let base64 = Base64.encode(bytes)
        #expect(try decode(.base64, base64) == bytes)
        let url = base64.replacing("+", with: "-").replacing("/", with: "_")
        #expect(try decode(.base64URL, url) == bytes)
        let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(try decode(.hex, hex) == bytes)
    }

    @Test(arguments: [
        (ByteEncoding.base64, " Zm9v\r\nYg\t=\n=\n"), (.base64URL, "\nZm 9vYg\n"), (.hex, "66 6F\t6f\r\n6 2\n"),
    ])
    func `white space is ignored`(encoding: ByteEncoding, text: String) throws {
        #expect(try decode(encoding, text) == Array("foob".utf8))
    }

    @Test(arguments: [
        (ByteEncoding.base64, "Zm-v", #"byte 3 is not one of A-Z, a-z, 0-9, "+" or "/""#),
        (.base64URL, "Zm+v", #"byte 3 is not one of A-Z, a-z, 0-9, "-" or "_""#),
        (.base64URL, "\n\n/", #"byte 3 is not one of A-Z, a-z, 0-9, "-" or "_""#),
        (.base64, "Zm9v\u{b}", #"byte 5 is not one of A-Z, a-z, 0-9, "+" or "/""#),
        (.base64, "é", #"byte 1 is not one of A-Z, a-z, 0-9, "+" or "/""#),
        (.hex, "0x66", "byte 2 is not one of 0-9, a-f or A-F"),
        (.hex, "66==", "byte 3 is not one of 0-9, a-f or A-F"),
        (.base64, "=", "byte 1 is padding that completes nothing"),
        (.base64, "Zm9v=", "byte 5 is padding that completes nothing"),
        (.base64, "Z=", "byte 2 is padding that completes nothing"),
        (.base64, "Zg===", "byte 5 is padding that completes nothing"),
        (.base64, "Zm8==", "byte 5 is padding that completes nothing"),
        (.base64, "Zg==Zg==", "byte 5 follows the padding, expected the end"),
        (.base64, "Zg=a", "byte 4 follows the padding, expected the end"),
        (.base64, "Zg=", "its last byte, 3, leaves the padding incomplete"),
        (.base64, "Z", "its last byte, 1, ends inside an encoded byte"),
        (.base64URL, "Zm9vY\n", "its last byte, 6, ends inside an encoded byte"),
        (.hex, "666", "its last byte, 3, ends inside an encoded byte"),
        (.base64, "Zh==", "its last character has bits of a byte that is missing"),
        (.base64, "Zm9", "its last character has bits of a byte that is missing"),
    ])
    func `other text is rejected with the place`(encoding: ByteEncoding, text: String, problem: String) {
        let found = failure { () throws(FormError) in _ = try decode(encoding, text) }
        #expect(found == "is not \(encoding.rawValue): \(problem)")
    }
}
