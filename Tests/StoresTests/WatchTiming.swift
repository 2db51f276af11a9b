import MountWatch

extension WatchLoop.Timing {
    /// The agent's defaults.
    static let usual = Self(quiet: .milliseconds(200), longest: .seconds(2), pollInterval: .seconds(10))

    /// Reports a change almost at once.
    static let short = Self(quiet: .milliseconds(5), longest: .seconds(2), pollInterval: .seconds(10))
}
