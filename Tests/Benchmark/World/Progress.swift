import Glibc

/// Writes a line to standard error, for steps that take long.
func say(_ text: String) {
    var line = "benchmark: \(text)\n"
    _ = line.withUTF8 { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
