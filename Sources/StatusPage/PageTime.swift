import Observability

/// Formats times for the status page.
enum PageTime {
    /// `12 s`, `4 min`, `3 h 12 min`, `5 d 3 h`, `42 d`.
    static func text(seconds: Int64) -> String {
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400)
        if minutes == 0 { return "\(seconds) s" }
        if hours == 0 { return "\(minutes) min" }
        if days == 0 { return minutes % 60 == 0 ? "\(hours) h" : "\(hours) h \(minutes % 60) min" }
        if days < 10 { return hours % 24 == 0 ? "\(days) d" : "\(days) d \(hours % 24) h" }
        return "\(days) d"
    }

    /// For example `412 ms` or `1.4 s`; from a minute on like `text(seconds:)`.
    static func text(_ duration: Duration) -> String {
        let milliseconds = Int64(duration / .milliseconds(1))
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        if milliseconds < 60_000 { return "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s" }
        return text(seconds: milliseconds / 1000)
    }

    /// `4 min ago`, `in 12 d`, `now`.
    static func relative(_ time: Timestamp, to now: Timestamp) -> String {
        let seconds = now.seconds - time.seconds
        if seconds == 0 { return "now" }
        return seconds > 0 ? "\(text(seconds: seconds)) ago" : "in \(text(seconds: -seconds))"
    }

    /// `2026-11-21 08:30:00 UTC`.
    static func absolute(_ time: Timestamp) -> String {
        let text = time.rfc3339
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(8)) UTC"
    }

    /// A `time` element with the relative and the absolute time.
    static func element(_ time: Timestamp, now: Timestamp) -> HTML {
        """
        <time datetime="\(time.rfc3339)"><b>\(relative(time, to: now))</b> <small>\(absolute(time))</small></time>
        """
    }
}
