import Dispatch
import Glibc
import LinuxIO

StandardStreams.hold()
ProcessMemory.protect()
ProcessMemory.stayCompact()
guard Descriptors.suffice else {
    let limit = ProcessFigures.descriptorLimit
    exit(
        Program.fail(
            "too few files can be opened: RLIMIT_NOFILE is \(limit), and fewer than \(Descriptors.needed) are free", 1))
}
// No `await` out here: libdispatch would begin before the first line, and trap. The task is the program, and the process
// ends with it.
Task { exit(Program.finished(await Program.run(Array(CommandLine.arguments.dropFirst())))) }
dispatchMain()
