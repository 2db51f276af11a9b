import Glibc
import LinuxIO

ProcessMemory.protect()
exit(await Program.run(Array(CommandLine.arguments.dropFirst())))
