import MountWatch
import TestTraits
import Testing

@Suite(.tags(.unsafeMemory)) struct InotifyEventTests {
    /// The kernel's layout: wd, mask, cookie, len, then the name padded with NUL bytes to `len`.
    private func encode(_ watch: Int32, _ mask: UInt32, _ name: String, padding: Int = 1) -> [UInt8] {
        let bytes = Array(name.utf8)
        let length = bytes.isEmpty ? 0 : bytes.count + padding
        var result: [UInt8] = []
        for word in [UInt32(bitPattern: watch), mask, 0, UInt32(length)] {
            withUnsafeBytes(of: word) { result.append(contentsOf: $0) }
        }
        return result + bytes + [UInt8](repeating: 0, count: length - bytes.count)
    }

    private func decode(_ bytes: [UInt8]) -> [InotifyEvent] { bytes.withUnsafeBytes { InotifyEvent.decode($0) } }

    @Test func `several events of one buffer are decoded in order`() {
        let bytes = encode(1, 0x100, "..data_tmp", padding: 6) + encode(2, 0x400, "") + encode(1, 0x80, "..data")
        #expect(
            decode(bytes) == [
                InotifyEvent(watch: 1, mask: .created, name: "..data_tmp"),
                InotifyEvent(watch: 2, mask: .selfDeleted),
                InotifyEvent(watch: 1, mask: .movedTo, name: "..data"),
            ])
    }

    @Test func `an overflow belongs to no watch`() {
        #expect(decode(encode(-1, 0x4000, "")) == [InotifyEvent(watch: -1, mask: .overflow)])
    }

    @Test func `a truncated buffer gives the complete events and then an overflow`() {
        let first = encode(1, 0x100, "a")
        let bytes = first + encode(1, 0x100, "tls.crt", padding: 9)
        for length in 0..<bytes.count {
            let events = decode(Array(bytes[..<length]))
            let isWhole = length == 0 || length == first.count
            #expect(events.last.map { $0.mask == .overflow } ?? false != isWhole, "\(length) bytes")
            #expect(events.count { $0.mask == .created } == (length >= first.count ? 1 : 0), "\(length) bytes")
        }
    }

    @Test func `a length beyond the buffer is an overflow`() {
        var bytes = encode(1, 0x100, "a")
        for index in 12..<16 { bytes[index] = 0xff }
        #expect(decode(bytes) == [InotifyEvent(watch: -1, mask: .overflow)])
    }

    @Test func `a name that is not UTF-8 causes no error`() {
        var bytes = encode(1, 0x100, "ab")
        bytes[16] = 0xff
        #expect(decode(bytes).count == 1)
    }

    @Test func `an empty buffer holds no events`() { #expect(decode([]).isEmpty) }
}
