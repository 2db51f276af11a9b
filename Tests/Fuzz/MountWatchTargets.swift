@testable import MountWatch

enum MountWatchTargets {
    static let inotify: Fuzz.Target = { bytes in
        let events = decode(bytes)
        Fuzz.require(events.isEmpty == bytes.isEmpty, "all bytes are decoded")
        Fuzz.require(events.count <= bytes.count / 16 + 1, "an event is at least as long as its header")
        Fuzz.require(events.allSatisfy { !$0.name.utf8.contains(0) }, "a name ends before its padding")
        // In a truncated buffer, the events before the cut are the same, and the cut counts as an overflow.
        let overflow = InotifyEvent(watch: -1, mask: .overflow)
        let cut = decode(Array(bytes.dropLast()))
        Fuzz.require(
            cut.isEmpty || cut.last == overflow || cut.elementsEqual(events.prefix(cut.count)), "truncation is noticed")
        guard events.last != overflow else { return }
        Fuzz.require(decode(bytes + bytes) == events + events, "events of two buffers do not mix")
    }

    private static func decode(_ bytes: [UInt8]) -> [InotifyEvent] {
        bytes.withUnsafeBytes { InotifyEvent.decode($0) }
    }
}
