import Glibc

/// Whether there are as many as it takes to begin at all: libdispatch ends the process by a trap (SIGILL) if it cannot
/// open its epoll instance, its eventfds and its timers.
enum Descriptors {
    static let needed = 12

    /// Tries it: what is free by its number may still be refused, where the machine has no more files.
    static var suffice: Bool {
        let descriptors = (0..<needed).map { _ in open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        for descriptor in descriptors where descriptor >= 0 { close(descriptor) }
        return !descriptors.contains(-1)
    }
}
