import Dispatch
import Glibc
import LinuxIO

StandardStreams.hold()
ProcessMemory.protect()
ProcessMemory.stayCompact()
// Before libdispatch begins, which the first task has it do.
guard Descriptors.suffice else {
    exit(Program.fail("too few files may be open: RLIMIT_NOFILE is \(Descriptors.limit), expected at least 64", 1))
}
Task { exit(Program.finished(await Program.run(Array(CommandLine.arguments.dropFirst())))) }
dispatchMain()
