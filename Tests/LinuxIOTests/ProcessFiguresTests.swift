import Glibc
import LinuxIO
import TestSupport
import TestTraits
import Testing

@Suite(.tags(.unsafeMemory)) struct ProcessFiguresTests {
    /// The form of proc_pid_stat(5), with a name that looks like further fields.
    private static let line = """
        42 (a) S 1 (b) S 1 42 42 0 -1 4194560 1500 0 3 0 150 50 7 9 20 0 5 0 200 123456789 1000 18446744073709551615 \
        1 1 0 0 0 0 0 4096 0 0 0 0 17 1 0 0 0 0 0

        """

    @Test func `the kernel's figures are parsed, whatever the program's name`() throws {
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        let figures = try #require(ProcessFigures(stat: Self.line))
        #expect(figures.cpu == .seconds(200 / ticks))
        #expect(figures.threads == 5)
        #expect(figures.started == .seconds(200 / ticks))
        #expect(figures.virtualMemory == 123_456_789)
        #expect(figures.residentMemory == 1000 * sysconf(Int32(_SC_PAGESIZE)))
    }

    @Test(arguments: ["", "42", "42 (a) S 1 2", ")", line.replacing(" 123456789 ", with: " x ")])
    func `other texts have no figures`(text: String) { #expect(ProcessFigures(stat: text) == nil) }

    @Test func `the figures of this process are plausible`() throws {
        let before = try ProcessFigures.now()
        var sum = 0.0
        let end = ContinuousClock.now + .milliseconds(100)
        while ContinuousClock.now < end { for number in 0..<10_000 { sum += Double(number).squareRoot() } }
        #expect(sum > 0)
        let after = try ProcessFigures.now()
        #expect(after.cpu > before.cpu)
        #expect(after.threads >= 1)
        #expect(after.residentMemory > 1 << 20 && after.residentMemory < after.virtualMemory)
        let start = try #require(ProcessFigures.startTime)
        let now = Double(time(nil))
        #expect(start > now - 86_400 && start <= now + 1)
        #expect(ProcessFigures.startTime == start)
    }

    /// The open descriptors, each asked for by its number. Between this count and another one, a thread of the test library
    /// may open one.
    private static var countOfDescriptors: Int {
        (0..<Int32(min(ProcessFigures.descriptorLimit, 65_536))).count { fcntl($0, F_GETFD) != -1 }
    }

    /// In a separate process, because other tests open descriptors too.
    @Test func `without root and not dumpable, the process still gets its figures and descriptor count`() async {
        await #expect(processExitsWith: .success) {
            if getuid() == 0 {
                try require("setgid", "", setgid(65_534))
                try require("setuid", "", setuid(65_534))
            }
            ProcessMemory.protect()
            #expect(await eventually { ProcessFigures.openDescriptors == Self.countOfDescriptors })
            let opened = (0..<7).map { _ in open("/dev/null", O_RDONLY) }
            #expect(await eventually { ProcessFigures.openDescriptors == Self.countOfDescriptors })
            for descriptor in opened { close(descriptor) }
            #expect(try ProcessFigures.now().threads > 0)

            var limit = rlimit(rlim_cur: 300, rlim_max: 300)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            #expect(ProcessFigures.descriptorLimit == 300)
            var all: [Int32] = []
            while case let descriptor = open("/dev/null", O_RDONLY), descriptor >= 0 { all.append(descriptor) }
            // This number matters most when no descriptor is left.
            #expect(ProcessFigures.openDescriptors == 300)
            for descriptor in all { close(descriptor) }
        }
    }
}
