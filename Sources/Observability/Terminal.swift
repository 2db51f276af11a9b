import Glibc

/// What terminals can display.
package enum Terminal {
    /// Whether output to `descriptor` may use colours: it is a terminal that supports them, and `NO_COLOR` is unset or
    /// empty (no-color.org).
    package static func takesColours(
        _ descriptor: Int32, environment: (String) -> String? = { name in getenv(name).map { String(cString: $0) } }
    ) -> Bool {
        canErase(descriptor, environment: environment) && (environment("NO_COLOR") ?? "").isEmpty
    }

    /// Whether a line on `descriptor` can be overwritten: it is a terminal that supports escape sequences.
    package static func canErase(
        _ descriptor: Int32, environment: (String) -> String? = { name in getenv(name).map { String(cString: $0) } }
    ) -> Bool { isTerminal(descriptor) && environment("TERM") != "dumb" }

    package static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Select Graphic Rendition (ECMA-48, 8.3.117).
    package enum Style: String, Sendable {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case blue = "34"

        /// Returns `text` in this style; text after it has no style.
        package func callAsFunction(_ text: String) -> String { "\u{1b}[\(rawValue)m\(text)\u{1b}[0m" }
    }
}
