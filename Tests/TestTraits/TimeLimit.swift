package import Testing

extension Trait where Self == TimeLimitTrait {
    /// Ends a test that hangs. Longer than the waits of a test that fails (`Duration.longestWait`), and than any test takes on
    /// a busy machine: so no test has a limit of its own.
    package static var endsIfHung: Self { .timeLimit(.minutes(30)) }
}
