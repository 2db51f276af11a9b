import Observability
import Snapshots
import TestTraits
import Testing

@Suite(.tags(.unsafeMemory)) struct SecretBytesTests {
    private let secret = SecretBytes(Array("hunter2".utf8))

    @Test func `the content is read as it was written`() {
        #expect(secret.count == 7)
        #expect(secret.withUnsafeBytes { Array($0) } == Array("hunter2".utf8))
        #expect(SecretBytes([]).count == 0)
    }

    @Test func `only the written bytes are kept`() {
        let bytes = SecretBytes(capacity: 100) { buffer in
            buffer[0] = 7
            return 1
        }
        #expect(bytes.withUnsafeBytes { Array($0) } == [7])
    }

    @Test func `an error during filling is rethrown`() {
        struct Refused: Error {}
        #expect(throws: Refused.self) { _ = try SecretBytes(capacity: 1) { _ throws(Refused) in throw Refused() } }
    }

    @Test func `it cannot be printed, alone or as a part of another value`() {
        let snapshot = Snapshot(generation: "g", createdAt: Timestamp(seconds: 0), files: ["a": SourceFile(secret)])
        var dumped = ""
        dump(snapshot, to: &dumped)
        dump(secret, to: &dumped)
        let texts = ["\(secret)", String(reflecting: secret), "\(snapshot)", String(reflecting: [secret]), dumped]
        for text in texts {
            #expect(!text.contains("hunter2"))
            // "hunter" as decimal bytes.
            #expect(!text.contains("104, 117"))
        }
        #expect("\(secret)" == "<7 secret bytes>")
    }

    @Test func `a digest distinguishes contents and cannot be printed`() {
        let same = Digest(of: SecretBytes(Array("hunter2".utf8)))
        let other = Digest(of: SecretBytes(Array("hunter3".utf8)))
        #expect(Digest(of: secret) == same)
        #expect(Digest(of: secret) != other)
        #expect(Set([same, other, Digest(of: secret)]).count == 2)
        #expect("\(same)" == "<digest>")
    }

    @Test func `the digest covers all bytes`() {
        let zeros = SecretBytes([UInt8](repeating: 0, count: 5000))
        var bytes = [UInt8](repeating: 0, count: 5000)
        bytes[4999] = 1
        #expect(Digest(of: zeros) != Digest(of: SecretBytes(bytes)))
        #expect(Digest(of: zeros) != Digest(of: SecretBytes(bytes.dropLast())))
        #expect(Digest(of: SecretBytes([])) == Digest(of: SecretBytes([])))
    }
}
