import Glibc
import LinuxIO

StandardStreams.hold()
ProcessMemory.protect()
ProcessMemory.stayCompact()
exit(Program.finished(await Program.run(Array(CommandLine.arguments.dropFirst()))))
