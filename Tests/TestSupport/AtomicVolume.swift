import Glibc

/// Writes a folder as the kubelet and the CSI driver do, step by step: Kubernetes' `pkg/volume/util/atomic_writer.go`.
package final class AtomicVolume {
    package let path: String
    /// The time in the name of the next generation: of two generations with the same time, neither is newer.
    package var time = "2026_11_21_08_30_00"
    private var generations: Int

    /// - Parameter firstNumber: the number of this writer's first generation, if another has written before.
    package init(_ path: String, firstNumber: Int = 0) throws(POSIXFailure) {
        self.path = path
        generations = firstNumber
        try makeDirectory(path)
    }

    /// Writes `files`, by path below the volume, as the new content; returns the name of the generation.
    @discardableResult
    package func write(_ files: [String: [UInt8]]) throws(POSIXFailure) -> String {
        let old = dataTarget
        let generation = try writeGeneration(files)
        try addLinks(for: files)
        try swap(to: generation)
        removeLinks(except: files)
        if let old { removeTree("\(path)/\(old)") }
        return generation
    }

    @discardableResult
    package func write(_ files: [String: String]) throws(POSIXFailure) -> String {
        try write(files.mapValues { Array($0.utf8) })
    }

    /// Creates a timestamped directory with the files, which is not visible yet.
    package func writeGeneration(_ files: [String: [UInt8]]) throws(POSIXFailure) -> String {
        generations += 1
        let name = "..\(time).\(getpid())\(generations)"
        try makeDirectory("\(path)/\(name)")
        for (file, bytes) in files {
            let whole = "\(path)/\(name)/\(file)"
            if let slash = whole.lastIndex(of: "/") { try makeDirectory(String(whole[..<slash])) }
            try writeFile(whole, bytes)
        }
        return name
    }

    /// Adds the links of top-level names, before the swap.
    package func addLinks(for files: [String: [UInt8]]) throws(POSIXFailure) {
        for name in Self.topLevel(files) where readLink("\(path)/\(name)") == nil {
            try makeLink("\(path)/\(name)", to: "..data/\(name)")
        }
    }

    /// The single step that makes the generation visible.
    package func swap(to generation: String) throws(POSIXFailure) {
        let temporary = "\(path)/..data_tmp"
        try makeLink(temporary, to: generation)
        try rename(temporary, to: "\(path)/..data")
    }

    /// Removes the links of names that no longer exist, after the swap.
    package func removeLinks(except files: [String: [UInt8]]) {
        let kept = Self.topLevel(files)
        for name in names(in: path) where !name.hasPrefix("..") && !kept.contains(name) { unlink("\(path)/\(name)") }
    }

    /// Removes everything, files first, like an unmount.
    package func tearDown() { removeTree(path) }

    package var dataTarget: String? { readLink("\(path)/..data") }

    private static func topLevel(_ files: [String: [UInt8]]) -> Set<String> {
        Set(files.keys.compactMap { $0.split(separator: "/").first.map(String.init) })
    }

    private func readLink(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count)
        return count < 0 ? nil : String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
