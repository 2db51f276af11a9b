/// A time that only the test advances: milliseconds since the test started.
package struct ManualInstant: InstantProtocol {
    package var elapsed: Duration

    package init(_ milliseconds: Int) { elapsed = .milliseconds(milliseconds) }

    package func advanced(by duration: Duration) -> ManualInstant {
        var copy = self
        copy.elapsed += duration
        return copy
    }

    package func duration(to other: ManualInstant) -> Duration { other.elapsed - elapsed }

    package static func < (left: ManualInstant, right: ManualInstant) -> Bool { left.elapsed < right.elapsed }
}
