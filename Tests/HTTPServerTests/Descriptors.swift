import FoundationEssentials
import Glibc

/// Descriptors and times of this process, from the kernel.
enum Descriptors {
    /// The sockets of this process that are bound to the port: the listening one and the accepted ones.
    static func ofSockets(at port: UInt16) -> [Int32] {
        all.filter { localPort(of: $0) == port }
    }

    private static var all: [Int32] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []).compactMap { Int32($0) }
    }

    /// The processor time of the thread, which must be running.
    static func processorTime(of thread: pthread_t) -> Duration {
        var clock = clockid_t()
        var time = timespec()
        pthread_getcpuclockid(thread, &clock)
        clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// Nil if it is not an internet socket.
    private static func localPort(of descriptor: Int32) -> UInt16? {
        var address = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            guard
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1, { getsockname(descriptor, $0, &size) }) == 0,
                [AF_INET, AF_INET6].contains(Int32(pointer.pointee.ss_family))
            else { return nil }
            return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                UInt16(bigEndian: $0.pointee.sin_port)
            }
        }
    }
}
