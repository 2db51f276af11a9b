/// A time that only the test moves: milliseconds since the test began.
struct ManualInstant: InstantProtocol {
    var elapsed: Duration

    init(_ milliseconds: Int) { elapsed = .milliseconds(milliseconds) }

    func advanced(by duration: Duration) -> ManualInstant {
        var copy = self
        copy.elapsed += duration
        return copy
    }

    func duration(to other: ManualInstant) -> Duration { other.elapsed - elapsed }

    static func < (left: ManualInstant, right: ManualInstant) -> Bool { left.elapsed < right.elapsed }
}
