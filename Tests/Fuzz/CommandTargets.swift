@testable import secrets_distributor

enum CommandTargets {
    static let duration: Fuzz.Target = { bytes in
        let text = Fuzz.text(bytes)
        guard let duration = DurationText.parse(text) else { return }
        Fuzz.require(duration >= .zero, "a duration is not negative")
        Fuzz.require(text.utf8.contains { (0x30...0x39).contains($0) }, "a duration has a number")
        Fuzz.require(text == "0" || DurationText.parse(text + "1s") == duration + .seconds(1), "parts add up")
    }

    /// Arbitrary arguments and variables produce settings within their limits, or an error of one line.
    static let options: Fuzz.Target = { bytes in
        let words = bytes.split(separator: 0, omittingEmptySubsequences: false).map { Fuzz.text($0) }
        do {
            let invocation = try Invocation(words) { _ in words.last }
            let settings = invocation.settings
            guard !invocation.wantsHelp, [.run, .sync, .plan, .explain].contains(invocation.command) else { return }
            Fuzz.require(settings.secretsPath.utf8.first == UInt8(ascii: "/"), "the mount's path is absolute")
            Fuzz.require(!settings.secretsPath.utf8.contains(0), "a path has no NUL")
            Fuzz.require((1...1000).contains(settings.maxInFlight), "the number of writes is bounded")
            Fuzz.require(settings.debounceQuiet <= settings.debounceMax, "the quiet time fits into the longest wait")
            Fuzz.require(settings.pollInterval >= .milliseconds(100), "polling is bounded")
            Fuzz.require(isWord(settings.managedBy), "the owner mark is a label's value")
            for name in settings.watchNamespaces ?? [] { Fuzz.require(isWord(name), "a namespace is a name") }
        } catch {
            Fuzz.require(Fuzz.isOneLine("\(error)".onOneLine), "an error can be shown on one line")
        }
    }

    private static func isWord(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte) || "-_.".utf8.contains(byte)
            }
    }
}
