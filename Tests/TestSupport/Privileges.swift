import Glibc
import LinuxIO

/// Privileges of this process beyond the usual ones (capabilities(7)).
package enum Privileges {
    /// Can mount and create namespaces; root in a container usually cannot.
    package static let mayMount = has(21)
    /// Can give up privileges permanently.
    package static let mayDrop = has(8) && geteuid() == 0

    private static func has(_ capability: Int) -> Bool {
        let status = String(decoding: (try? FileDescriptor.bytes(at: "/proc/self/status")) ?? [], as: UTF8.self)
        let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        let mask = line.flatMap { UInt64($0.dropFirst(7).drop(while: \.isWhitespace), radix: 16) } ?? 0
        return mask & (1 << capability) != 0
    }
}
