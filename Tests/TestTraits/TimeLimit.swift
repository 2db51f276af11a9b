package import Testing

extension Trait where Self == TimeLimitTrait {
    /// Ends a hanging test. The limit is longer than the waits of a failing test (`Duration.longestWait`), and than any
    /// test on a busy machine: so no test has a limit of its own.
    package static var endsIfHung: Self { .timeLimit(.minutes(30)) }
}
