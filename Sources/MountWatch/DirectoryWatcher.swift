import Glibc
package import LinuxIO

/// Watches a directory and all directories below it with inotify(7). It keeps working when they are created, moved,
/// replaced or removed.
///
/// It reports only that something changed, not what: the caller reads the directory. Watches are set before directories
/// are listed, so that each new name is either listed or reported. Names that begin with `..` are not entered: they are
/// the generations of an atomically written volume, and the rename of `..data` is reported for the directory itself. In
/// the current generation, only attributes are watched, which some kubelets set after the rename.
///
/// If inotify fails, `problem` says why, and the caller must poll until `repair` succeeds. Use it from one thread.
package struct DirectoryWatcher: ~Copyable {
    /// The purpose of a watch.
    private enum Purpose: Equatable {
        /// A directory of the tree.
        case content
        /// A directory of a volume's current generation.
        case generation
        /// The nearest existing directory above a missing root. It waits for `name`.
        case arrival(name: String)
    }

    package typealias Factory = @Sendable () throws(LinuxError) -> Inotify

    private let root: String
    private let depth: Int
    private let makeInotify: Factory
    private var inotify: Inotify?
    private var watches: [Int32: Purpose] = [:]

    /// The reason why events may be missing; nil while everything is watched.
    package private(set) var problem: LinuxError?

    /// Creates a watcher. Nothing is watched before the first `repair`.
    ///
    /// - Parameter depth: the number of levels below the root that are watched; 0 means only the root.
    package init(
        root: String, depth: Int = MountLimits.depth,
        inotify: @escaping Factory = { () throws(LinuxError) in try Inotify() }
    ) {
        self.root = root
        self.depth = depth
        makeInotify = inotify
    }

    /// The descriptor for poll(2); nil while there is no inotify instance.
    ///
    /// Not inlined: the Swift 6.3 optimiser fails with an ownership error when it inlines a borrow of a noncopyable
    /// optional.
    @inline(never)
    package var rawValue: Int32? {
        switch inotify {
        case .some(let inotify): inotify.rawValue
        case .none: nil
        }
    }

    /// Reads the waiting events and repairs the watches if necessary. Returns true if something may have changed.
    package mutating func drain() -> Bool {
        let events: [InotifyEvent]
        do throws(LinuxError) {
            guard let waiting = try inotify?.read() else { return false }
            events = waiting
        } catch {
            // The instance is unusable: start with a new one.
            inotify = nil
            watches = [:]
            repair()
            return true
        }
        var changed = false
        var broken = false
        for event in events {
            if event.mask.contains(.overflow) {
                changed = true
                broken = true
                continue
            }
            // Removed watches can still deliver events, for example `ignored`.
            guard let purpose = watches[event.watch] else { continue }
            let isLost = !event.mask.isDisjoint(with: .lost)
            if isLost {
                inotify?.end(event.watch)
                watches[event.watch] = nil
            }
            switch purpose {
            case .content:
                changed = true
                // After a change of attributes, a directory may have become readable.
                let isNewTree =
                    event.mask.contains(.isDirectory) && !event.mask.isDisjoint(with: .arrival.union(.attributes))
                let isSwap = event.name == VolumeNames.data
                broken = broken || isLost || isNewTree || isSwap
            case .generation:
                // The end of a generation needs no action: the rename has announced the next one.
                guard !isLost else { continue }
                changed = true
                // A folder may have become readable.
                broken = broken || event.mask.contains(.isDirectory)
            case .arrival(let name):
                changed = changed || isLost || event.name == name
                broken = broken || isLost || event.name == name
            }
        }
        if broken { repair() }
        return changed
    }

    /// Adds and removes watches to match the directories that exist now. Changes before it returns may be missed, so
    /// the caller must read the directory afterwards.
    package mutating func repair() {
        problem = nil
        guard open() else { return }
        var wanted: [Int32: Purpose] = [:]
        // Ends when the root exists, or when the wait for it is set up and it is still missing.
        for _ in 0..<Self.retries {
            wanted = [:]
            watchTree(root, depth: 0, into: &wanted)
            if !wanted.isEmpty || problem != nil { break }
            guard let missing = watchAncestor(into: &wanted) else { break }
            if access(missing, F_OK) != 0 { break }
        }
        for gone in watches.keys where wanted[gone] == nil { inotify?.end(gone) }
        watches = wanted
    }

    private mutating func open() -> Bool {
        if inotify != nil { return true }
        do throws(LinuxError) {
            inotify = try makeInotify()
            return true
        } catch {
            problem = error
            return false
        }
    }

    private mutating func watchTree(_ path: String, depth: Int, into wanted: inout [Int32: Purpose]) {
        let link: InotifyEvent.Mask = depth == 0 ? [] : .doNotFollow
        guard let watch = add(path, InotifyEvent.Mask.content.union(link), isBelow: depth > 0) else { return }
        // The same watch number means that the directory was already visited, for example through a bind mount of a
        // parent.
        if wanted.updateValue(.content, forKey: watch) != nil { return }
        guard depth < self.depth, wanted.count < MountLimits.files, let directory = try? Directory(path: path),
            let listing = try? directory.listing()
        else { return }
        if let target = directory.dataTarget, let generation = try? directory.subdirectory(target) {
            watchGeneration(generation, depth: depth + 1, into: &wanted)
        }
        for entry in listing.entries where entry.kind == .directory && !VolumeNames.isReserved(entry.name) {
            watchTree("\(path)/\(entry.name)", depth: depth + 1, into: &wanted)
        }
    }

    /// If these watches cannot be set, changes of attributes are found at the next poll, so this is not reported as a
    /// problem.
    private mutating func watchGeneration(
        _ directory: borrowing Directory, depth: Int, into wanted: inout [Int32: Purpose]
    ) {
        guard wanted.count < MountLimits.files,
            let watch = try? inotify?.watch(directory.path, .generation.union(.doNotFollow)), wanted[watch] == nil
        else { return }
        wanted[watch] = .generation
        guard depth < self.depth, let listing = try? directory.listing() else { return }
        for entry in listing.entries where entry.kind == .directory {
            guard let below = try? directory.subdirectory(entry.name) else { continue }
            watchGeneration(below, depth: depth + 1, into: &wanted)
        }
    }

    /// Watches the nearest existing directory above the root. Returns the path that it waits for.
    private mutating func watchAncestor(into wanted: inout [Int32: Purpose]) -> String? {
        var missing = root
        while let (parent, name) = Self.split(missing) {
            if let watch = add(parent, .arrival) {
                wanted[watch] = .arrival(name: name)
                return missing
            }
            if problem != nil || parent == missing { return nil }
            missing = parent
        }
        return nil
    }

    /// Adds a watch. Returns nil if the directory does not exist; returns nil and sets `problem` if it cannot be
    /// watched.
    ///
    /// - Parameter isBelow: whether the parent is watched. It then reports when an unreadable directory changes its
    ///   mode.
    private mutating func add(_ path: String, _ mask: InotifyEvent.Mask, isBelow: Bool = false) -> Int32? {
        do throws(LinuxError) {
            return try inotify?.watch(path, mask)
        } catch {
            let isAbsent = [ENOENT, ENOTDIR, ELOOP].contains(error.code) || (isBelow && error.code == EACCES)
            if !isAbsent && problem == nil { problem = error }
            return nil
        }
    }

    /// Splits `/a/b` into `/a` and `b`; nil for the root of the file system.
    private static func split(_ path: String) -> (parent: String, name: String)? {
        let parts = path.split(separator: "/")
        guard let name = parts.last else { return nil }
        let parent = parts.dropLast().joined(separator: "/")
        if path.hasPrefix("/") { return ("/" + parent, String(name)) }
        return (parent.isEmpty ? "." : parent, String(name))
    }

    private static let retries = 16
}
