package import Testing

/// Tags that select suites for a sanitizer, see `Tests/Tools/tagged`.
extension Tag {
    /// Several threads of the test process run the code at once: for the thread sanitizer.
    @Tag package static var concurrent: Self

    /// The code calls C libraries or uses memory without checks: for the address sanitizer.
    @Tag package static var unsafeMemory: Self
}
