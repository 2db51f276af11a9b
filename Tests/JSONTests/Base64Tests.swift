import FoundationEssentials
import TestTraits
import Testing

@testable import JSON

@Suite(.tags(.unsafeMemory)) struct Base64Tests {
    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `the test vectors of the RFC are encoded and decoded`(text: String, base64: String) {
        #expect(Base64.encode(Array(text.utf8)) == base64)
        #expect(Base64.decode(base64) == Array(text.utf8))
    }

    @Test func `bytes of each value and of each size are encoded as Foundation does, and decoded`() {
        for size in 0...300 {
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ size) }
            let text = Data(bytes).base64EncodedString()
            #expect(Base64.encode(bytes) == text)
            #expect(Base64.decode(text) == bytes)
        }
    }

    @Test func `bits that are left over are ignored`() {
        #expect(Base64.decode("Zh==") == [0x66])
        #expect(Base64.decode("Zm9=") == Array("fo".utf8))
    }

    @Test func `nothing is encoded and decoded as nothing`() {
        #expect(Base64.encode(UnsafeRawBufferPointer(start: nil, count: 0)) == "")
        #expect(Base64.decode(UnsafeBufferPointer(start: nil, count: 0)) == [])
    }

    @Test(arguments: [
        // Missing padding, a part of a byte, padding alone, in the middle, and too much of it.
        "Zg", "Zg=", "Z", "Z===", "=", "==", "====", "Zg==Zg==", "Zm=v", "Z=9v", "=m9v", "Zm9v====", "Zm9v=",
        "Zm==Zm9v",
        // White space, which libcrypto skips at both ends.
        " Zm9v", "Zm9v\n", "Zm9v\nZm9v", "    Zm9v", "Zm9v    ", "\n\n\n\nZm9v\n\n\n\n", "Zm9v\r\n\r\n", "    ", "Zm 9",
        "Zg=\n",
        // Another alphabet, other characters, and the end of a PEM body.
        "Zm9-", "Zm9_", "Zm9v-\n\n\n", "Zm9v----", "Zm9!", "Zm9\u{0}", "Zmé", "\u{0}\u{0}\u{0}\u{0}",
    ])
    func `anything else is not decoded`(text: String) {
        #expect(Base64.decode(text) == nil)
    }
}
