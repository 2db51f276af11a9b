import Glibc
import LinuxIO

StandardStreams.hold()
ProcessMemory.protect()
exit(Program.finished(await Program.run(Array(CommandLine.arguments.dropFirst()))))
