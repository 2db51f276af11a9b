import CLinux
import Glibc

/// Input, output and errors, as the process was started with them.
package enum StandardStreams {
    /// Puts something that can be neither read nor written in the place of those that are closed: the next file to be
    /// opened would have that number, and get what is printed. To be called before any file is opened.
    package static func hold() {
        for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(number, F_GETFD) < 0 {
            // The lowest number that is free, which is this one.
            _ = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// Whether all that was printed has been written.
    ///
    /// - Throws: `LinuxError`: ENOSPC, or EPIPE if the reader has gone.
    package static func flush() throws(LinuxError) {
        let code = linux_flush_output()
        guard code == 0 else { throw LinuxError("write", "the output", code: code) }
    }
}
