import FoundationEssentials
import Glibc
import TestSupport

/// The kernel's counters of a process.
struct ProcessUsage: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let time: ContinuousClock.Instant
    /// Seconds of all its threads, including those that have ended.
    let processorTime: Double
    /// The voluntary context switches of each thread, by thread ID.
    let wakeUps: [Int: Int]
    /// Bytes received and sent over TCP connections to one port, by the connection's local address.
    let traffic: [String: Int]

    /// - Parameter port: the port of the API server.
    init(of process: pid_t, port: Int) async throws {
        let text = try await ToolRun.run(
            ["ss", "--tcp", "--info", "--processes", "--numeric", "--no-header", "-O", "dst", "127.0.0.1:\(port)"])
        guard text.status == 0 else { throw Failure(description: "ss: status \(text.status): \(text.errors)") }
        traffic = Self.traffic(of: process, text.output)
        wakeUps = Self.wakeUps(of: process)
        processorTime = try Self.processorTime(of: process)
        time = .now
    }

    /// From its CPU clock, with a resolution of nanoseconds: clock_getcpuclockid(3).
    static func processorTime(of process: pid_t) throws -> Double {
        var (clock, time) = (clockid_t(), timespec())
        guard clock_getcpuclockid(process, &clock) == 0, clock_gettime(clock, &time) == 0 else {
            throw Failure(description: "process \(process) has no CPU clock: it has ended")
        }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func wakeUps(of process: pid_t) -> [Int: Int] {
        let threads = names(in: "/proc/\(process)/task").compactMap { Int($0) }
        return threads.reduce(into: [:]) { counts, thread in
            counts[thread] = ProcessFile.number("voluntary_ctxt_switches", "/proc/\(process)/task/\(thread)/status")
        }
    }

    /// - Parameter text: lines of ss(8): `ESTAB 0 0 127.0.0.1:40404 127.0.0.1:6443 users:(("x",pid=7,fd=8)) …
    ///   bytes_acked:1 …`.
    static func traffic(of process: pid_t, _ text: String) -> [String: Int] {
        var traffic: [String: Int] = [:]
        for line in text.split(separator: "\n") where line.contains("pid=\(process),") {
            let words = line.split(separator: " ")
            guard words.count > 4 else { continue }
            let counts = ["bytes_acked:", "bytes_received:"].flatMap { name in
                words.filter { $0.hasPrefix(name) }.compactMap { Int($0.dropFirst(name.count)) }
            }
            traffic[String(words[3])] = counts.reduce(0, +)
        }
        return traffic
    }
}

/// The difference between two readings of a process's counters.
struct Span: Sendable {
    let seconds: Double
    let processorTime: Double
    /// By thread ID.
    private let wakeUpsByThread: [Int: Int]
    /// Traffic of a connection that has ended since the first reading is unknown, and not included.
    let bytes: Int

    init(from start: ProcessUsage, to end: ProcessUsage) {
        seconds = start.time.duration(to: end.time) / .seconds(1)
        processorTime = end.processorTime - start.processorTime
        wakeUpsByThread = end.wakeUps.reduce(into: [:]) { $0[$1.key] = $1.value - (start.wakeUps[$1.key] ?? 0) }
        bytes = end.traffic.reduce(0) { $0 + $1.value - (start.traffic[$1.key] ?? 0) }
    }

    var wakeUps: Int { wakeUpsByThread.values.reduce(0, +) }
    var wakeUpsOfBusiest: Int { wakeUpsByThread.values.max() ?? 0 }
    /// The share of one core.
    var load: Double { processorTime / seconds }

    func perHour(_ count: Int) -> Double { Double(count) / seconds * 3600 }
}

/// A file of proc(5) with a name, a colon and a number in each line.
enum ProcessFile {
    static func number(_ name: String, _ path: String) -> Int? {
        let text = (try? Data(contentsOf: URL(fileURLWithPath: path))).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
    }
}
