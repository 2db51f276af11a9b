import CLinux
import Glibc

/// The standard input, output and error of the process.
package enum StandardStreams {
    /// Opens /dev/null in place of each closed standard stream, so that it can be neither read nor written. Otherwise
    /// the next opened file would get that number and receive the output. Call it before any file is opened.
    package static func hold() {
        for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(number, F_GETFD) < 0 {
            // open(2) returns the lowest free number, which is this one.
            _ = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// Flushes standard output.
    ///
    /// - Throws: `LinuxError`: ENOSPC, or EPIPE if the reader has closed the pipe.
    package static func flush() throws(LinuxError) {
        let code = linux_flush_output()
        guard code == 0 else { throw LinuxError("write", "the output", code: code) }
    }
}
