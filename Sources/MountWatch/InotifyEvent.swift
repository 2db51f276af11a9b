import CLinux
import Glibc

/// One event as the kernel writes it into the buffer of read(2): inotify(7).
package struct InotifyEvent: Sendable, Equatable {
    package struct Mask: OptionSet, Sendable, Hashable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }
    }

    /// The watch; -1 for an overflow.
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
    /// Events were lost: anything may have changed.
    package static let overflow = Self(rawValue: UInt32(IN_Q_OVERFLOW))
    /// The watch is gone, by `inotify_rm_watch` or because its directory is.
    package static let ignored = Self(rawValue: UInt32(IN_IGNORED))
    package static let onlyDirectories = Self(rawValue: UInt32(IN_ONLYDIR))
    package static let doNotFollow = Self(rawValue: UInt32(IN_DONT_FOLLOW))
    /// No events of files that have no name any more.
    package static let notUnlinked = Self(rawValue: UInt32(IN_EXCL_UNLINK))
    package static let isDirectory = Self(rawValue: UInt32(IN_ISDIR))

    /// The watch delivers nothing more, or not for the path that it was made for.
    package static let lost: Self = [.selfDeleted, .selfMoved, .unmounted, .ignored]

    /// What changes the files of a directory, or its list.
    static let content: Self = [
        .modified, .attributes, .closedAfterWrite, .movedFrom, .movedTo, .created, .deleted, .selfDeleted, .selfMoved,
        .onlyDirectories, .notUnlinked,
    ]

    /// What changes who may read the files of a generation.
    static let generation: Self = [.attributes, .onlyDirectories, .notUnlinked]

    /// What brings a name into a directory, or takes the directory away.
    static let arrival: Self = [.created, .movedTo, .selfDeleted, .selfMoved, .onlyDirectories]
}

extension InotifyEvent {
    /// The events in `buffer`, in order. What is cut off at the end, which the kernel never does, counts as an
    /// overflow: something happened, and it can not be said what.
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
