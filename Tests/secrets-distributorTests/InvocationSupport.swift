import Agent

@testable import secrets_distributor

/// The settings for these arguments and variables.
func settings(_ arguments: [String] = [], _ environment: [String: String] = [:]) throws -> Settings {
    try Invocation(arguments) { environment[$0] }.settings
}

/// The error for these arguments and variables; nil if there is none.
func error(_ arguments: [String] = [], _ environment: [String: String] = [:]) -> String? {
    do {
        _ = try Invocation(arguments) { environment[$0] }
        return nil
    } catch {
        return "\(error)"
    }
}
