import Glibc

/// The resource usage of this process, from proc_pid_stat(5).
package struct ProcessFigures: Sendable, Equatable {
    /// User and system time.
    package var cpu: Duration
    package var threads: Int
    /// The start of the process after the boot of the machine, by CLOCK_BOOTTIME.
    package var started: Duration
    /// In bytes.
    package var virtualMemory: Int
    /// In bytes.
    package var residentMemory: Int

    /// Reads the current values. Also works for a process that is neither root nor dumpable.
    package static func now() throws(LinuxError) -> ProcessFigures {
        let path = "/proc/self/stat"
        let text = try FileDescriptor(reading: path).content(limit: 64 << 10).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard let figures = text.flatMap({ ProcessFigures(stat: $0) }) else {
            throw LinuxError("parse", path, code: EINVAL)
        }
        return figures
    }

    /// - Parameter text: the single line of the file. The program's name in it may contain anything, including `)` and
    ///   spaces.
    package init?(stat text: String) {
        guard let name = text.lastIndex(of: ")") else { return nil }
        // The first element is the third field of the manual page.
        let fields = text[name...].split(whereSeparator: \.isWhitespace).dropFirst().map { Int($0) }
        guard fields.count > 21, let user = fields[11], let system = fields[12], let threads = fields[17],
            let started = fields[19], let size = fields[20], let pages = fields[21]
        else { return nil }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        cpu = .seconds(Double(user + system) / ticks)
        self.threads = threads
        self.started = .seconds(Double(started) / ticks)
        virtualMemory = size
        residentMemory = pages * sysconf(Int32(_SC_PAGESIZE))
    }

    /// The start time of the process on the wall clock, in seconds since 1970. Computed once, so later clock changes do
    /// not affect it.
    package static let startTime: Double? = {
        guard let started = try? now().started else { return nil }
        let seconds = { (clock: clockid_t) in
            var time = timespec()
            clock_gettime(clock, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
        return seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME) + started / .seconds(1)
    }()

    /// The maximum number of open descriptors: the soft limit of getrlimit(2).
    package static var descriptorLimit: UInt64 {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return UInt64(limit.rlim_cur)
    }

    /// The number of open descriptors among the first 4,096. The kernel always assigns the lowest free number.
    ///
    /// Uses poll(2), which marks the descriptors that are not open. Listing /proc/self/fd needs a free descriptor, and
    /// the number matters most when none is free. (Since Linux 6.2, stat(2) of that directory also reports the number.)
    package static var openDescriptors: Int {
        let count = Int(min(descriptorLimit, 4096))
        return withUnsafeTemporaryAllocation(of: pollfd.self, capacity: count) { descriptors in
            for number in 0..<count {
                descriptors.initializeElement(at: number, to: pollfd(fd: Int32(number), events: 0, revents: 0))
            }
            guard poll(descriptors.baseAddress, nfds_t(count), 0) >= 0 else { return 0 }
            return descriptors.count { $0.revents & Int16(POLLNVAL) == 0 }
        }
    }
}
