import Glibc
package import LinuxIO

/// Watches a directory and all directories below it by inotify(7), through all that may happen to them.
///
/// Says only that something changed, never what: whoever hears it looks. Watches are set before directories are listed,
/// so that what appears in between is either listed or announced. Names that begin with `..` are not entered: they are
/// the generations of an atomically written volume, and the rename of `..data` is seen in the directory itself. In the
/// present generation attributes alone are watched, which some kubelets set after the rename.
///
/// Where inotify fails, `problem` says why, and polling has to do until `repair` succeeds. Used from one thread.
package struct DirectoryWatcher: ~Copyable {
    /// What a watch is for.
    private enum Purpose: Equatable {
        /// A directory of the tree.
        case content
        /// A directory of the present generation of a volume.
        case generation
        /// The nearest directory above a root that does not exist: waits for `name`.
        case arrival(name: String)
    }

    package typealias Factory = @Sendable () throws(LinuxError) -> Inotify

    private let root: String
    private let depth: Int
    private let makeInotify: Factory
    private var inotify: Inotify?
    private var watches: [Int32: Purpose] = [:]

    /// Why events may be missing; nil while everything is watched.
    package private(set) var problem: LinuxError?

    /// Nothing is watched before the first `repair`.
    ///
    /// - Parameter depth: how many levels of directories below the root are watched; 0: the root alone.
    package init(
        root: String, depth: Int = MountLimits.depth,
        inotify: @escaping Factory = { () throws(LinuxError) in try Inotify() }
    ) {
        self.root = root
        self.depth = depth
        makeInotify = inotify
    }

    /// For poll(2); nil while there is no inotify.
    ///
    /// Not inlined: Swift 6.3 stops with an ownership error when it optimises a borrow of an optional that cannot be
    /// copied into its caller.
    @inline(never)
    package var rawValue: Int32? {
        switch inotify {
        case .some(let inotify): inotify.rawValue
        case .none: nil
        }
    }

    /// Takes the events that wait and repairs the watches as they ask. True if something may have changed.
    package mutating func drain() -> Bool {
        let events: [InotifyEvent]
        do throws(LinuxError) {
            guard let waiting = try inotify?.read() else { return false }
            events = waiting
        } catch {
            // The instance is of no use any more: begin with a new one.
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
            // Events of watches that were ended still arrive, `ignored` among them.
            guard let purpose = watches[event.watch] else { continue }
            let isLost = !event.mask.isDisjoint(with: .lost)
            if isLost {
                inotify?.end(event.watch)
                watches[event.watch] = nil
            }
            switch purpose {
            case .content:
                changed = true
                // Attributes: one that may be read by now.
                let isNewTree =
                    event.mask.contains(.isDirectory) && !event.mask.isDisjoint(with: .arrival.union(.attributes))
                let isSwap = event.name == VolumeNames.data
                broken = broken || isLost || isNewTree || isSwap
            case .generation:
                // Its end says nothing: the next one was announced by the rename.
                guard !isLost else { continue }
                changed = true
                // A folder that may be read by now.
                broken = broken || event.mask.contains(.isDirectory)
            case .arrival(let name):
                changed = changed || isLost || event.name == name
                broken = broken || isLost || event.name == name
            }
        }
        if broken { repair() }
        return changed
    }

    /// Brings the watches in line with the directories that there are now. What changed before it returns may have
    /// gone unnoticed: look afterwards.
    package mutating func repair() {
        problem = nil
        guard open() else { return }
        var wanted: [Int32: Purpose] = [:]
        // Ends: the root exists, or the wait for it is set up and it still did not appear.
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
        // A directory that was met already (a bind mount of one above): its number comes again.
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

    /// Without these watches attributes are noticed at the next poll: their lack is not reported.
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

    /// Watches the nearest directory above the root that exists; returns the path that it waits for.
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

    /// Nil if the directory is not there; nil and a `problem` if it could not be watched.
    ///
    /// - Parameter isBelow: its parent is watched, and tells when a directory that may not be read changes its mode.
    private mutating func add(_ path: String, _ mask: InotifyEvent.Mask, isBelow: Bool = false) -> Int32? {
        do throws(LinuxError) {
            return try inotify?.watch(path, mask)
        } catch {
            let isAbsent = [ENOENT, ENOTDIR, ELOOP].contains(error.code) || (isBelow && error.code == EACCES)
            if !isAbsent && problem == nil { problem = error }
            return nil
        }
    }

    /// `/a/b` as `/a` and `b`; nil for the root of the file system.
    private static func split(_ path: String) -> (parent: String, name: String)? {
        let parts = path.split(separator: "/")
        guard let name = parts.last else { return nil }
        let parent = parts.dropLast().joined(separator: "/")
        if path.hasPrefix("/") { return ("/" + parent, String(name)) }
        return (parent.isEmpty ? "." : parent, String(name))
    }

    private static let retries = 16
}
