import CLinux
import Glibc

/// An event in the form in which read(2) returns it: inotify(7).
package struct InotifyEvent: Sendable, Equatable {
    package struct Mask: OptionSet, Sendable, Hashable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }
    }

    /// The number of the watch; -1 for an overflow.
    package var watch: Int32
    package var mask: Mask
    /// The name in the watched directory; empty if the event is about the directory itself.
    package var name: String

    package init(watch: Int32, mask: Mask, name: String = "") {
        self.watch = watch
        self.mask = mask
        self.name = name
    }
}

extension InotifyEvent.Mask {
    package static let modified = Self(rawValue: UInt32(IN_MODIFY))
    package static let attributes = Self(rawValue: UInt32(IN_ATTRIB))
    package static let closedAfterWrite = Self(rawValue: UInt32(IN_CLOSE_WRITE))
    package static let movedFrom = Self(rawValue: UInt32(IN_MOVED_FROM))
    package static let movedTo = Self(rawValue: UInt32(IN_MOVED_TO))
    package static let created = Self(rawValue: UInt32(IN_CREATE))
    package static let deleted = Self(rawValue: UInt32(IN_DELETE))
    package static let selfDeleted = Self(rawValue: UInt32(IN_DELETE_SELF))
    package static let selfMoved = Self(rawValue: UInt32(IN_MOVE_SELF))
    package static let unmounted = Self(rawValue: UInt32(IN_UNMOUNT))
    /// Events were lost, so anything may have changed.
    package static let overflow = Self(rawValue: UInt32(IN_Q_OVERFLOW))
    /// The watch was removed, by `inotify_rm_watch` or because its directory was removed.
    package static let ignored = Self(rawValue: UInt32(IN_IGNORED))
    package static let onlyDirectories = Self(rawValue: UInt32(IN_ONLYDIR))
    package static let doNotFollow = Self(rawValue: UInt32(IN_DONT_FOLLOW))
    /// Suppresses events for files that have been unlinked.
    package static let notUnlinked = Self(rawValue: UInt32(IN_EXCL_UNLINK))
    package static let isDirectory = Self(rawValue: UInt32(IN_ISDIR))

    /// The watch delivers no more events, or none for the path that it was created for.
    package static let lost: Self = [.selfDeleted, .selfMoved, .unmounted, .ignored]

    /// Events that change the files of a directory, or its list of names.
    static let content: Self = [
        .modified, .attributes, .closedAfterWrite, .movedFrom, .movedTo, .created, .deleted, .selfDeleted, .selfMoved,
        .onlyDirectories, .notUnlinked,
    ]

    /// Events that change the permissions of a generation's files.
    static let generation: Self = [.attributes, .onlyDirectories, .notUnlinked]

    /// Events that add a name to a directory, or remove the directory.
    static let arrival: Self = [.created, .movedTo, .selfDeleted, .selfMoved, .onlyDirectories]
}

extension InotifyEvent {
    /// Decodes the events in `buffer`, in order. An incomplete event at the end, which the kernel never writes, counts
    /// as an overflow, because its content is unknown.
    package static func decode(_ buffer: UnsafeRawBufferPointer) -> [InotifyEvent] {
        var events: [InotifyEvent] = []
        var offset = 0
        while offset < buffer.count {
            // struct inotify_event: int wd; uint32_t mask, cookie, len; char name[len], padded with NUL bytes.
            let rest = UnsafeRawBufferPointer(rebasing: buffer[offset...])
            guard rest.count >= headerSize else { return events + [lostTrack] }
            let length = Int(rest.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
            guard length <= rest.count - headerSize else { return events + [lostTrack] }
            events.append(
                InotifyEvent(
                    watch: rest.loadUnaligned(fromByteOffset: 0, as: Int32.self),
                    mask: Mask(rawValue: rest.loadUnaligned(fromByteOffset: 4, as: UInt32.self)),
                    name: String(decoding: rest[headerSize..<(headerSize + length)].prefix { $0 != 0 }, as: UTF8.self)
                ))
            offset += headerSize + length
        }
        return events
    }

    private static let headerSize = 16
    private static let lostTrack = InotifyEvent(watch: -1, mask: .overflow)
}
