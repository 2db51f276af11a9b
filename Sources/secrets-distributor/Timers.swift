/// What sleeping needs of the kernel, opened while there is enough of it.
///
/// libdispatch opens a timer of each clock at the first sleep that needs it, and ends the process by a trap (SIGILL) if it
/// cannot: one that lacks descriptors for a while later on must find them open.
enum Timers {
    static func open() async {
        try? await Task.sleep(for: .milliseconds(1))
        try? await Task.sleep(for: .milliseconds(1), tolerance: .milliseconds(1))
        try? await Task.sleep(for: .milliseconds(1), clock: .suspending)
    }
}
