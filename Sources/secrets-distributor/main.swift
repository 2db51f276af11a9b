import Dispatch
import Glibc
import LinuxIO

StandardStreams.hold()
ProcessMemory.protect()
ProcessMemory.limitGrowth()
guard Descriptors.areAvailable else {
    let limit = ProcessFigures.descriptorLimit
    exit(
        Program.fail(
            "not enough file descriptors: RLIMIT_NOFILE is \(limit), and fewer than \(Descriptors.needed) are free",
            1))
}
// No top-level `await`: it would start libdispatch before the first line, which could trap. The task runs the program
// and ends the process.
Task { exit(Program.finished(await Program.run(Array(CommandLine.arguments.dropFirst())))) }
dispatchMain()
