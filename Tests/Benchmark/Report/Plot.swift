/// A line chart as a value. gnuplot(1) draws it from `script`.
struct Plot {
    struct Axis {
        let title: String
        /// The number format of gnuplot, for example "%g MiB".
        let format: String
        var isLogarithmic = false

        /// Seconds with a suitable prefix: "5 ms".
        static func time(_ title: String) -> Axis { Axis(title: title, format: "%.0s %cs", isLogarithmic: true) }
        static let distributions = Axis(title: "distributions", format: "%.0s%c", isLogarithmic: true)
    }

    typealias Point = (x: Double, y: Double)

    struct Series {
        let title: String
        let points: [Point]
        /// The points that are marked with a dot.
        let dots: [Point]
        /// Whether the other series are compared with this one.
        var isReference = false
    }

    /// A value that the series should not exceed at one x.
    struct Limit {
        let at: Point
        let label: String
    }

    /// The file name without `.svg`.
    let name: String
    let title: String
    let x: Axis
    let y: Axis
    let series: [Series]
    var limits: [Limit] = []

    private enum Colour {
        // Each colour has a contrast of at least 4.5 on white.
        static let series = ["#0550ae", "#bc4c00", "#1a7f37", "#8250df", "#a40e26", "#1b7c83"]
        static let reference = "#59636e"
        static let axis = "#8c959f"
        static let grid = "#e6eaef"
    }

    /// The commands, with the data as here-documents.
    var script: String {
        // The background is white, so that the plot is also readable on a dark page.
        var lines = [
            "set encoding utf8",
            "set terminal svg size 860,480 noenhanced font 'sans-serif,12' background '#ffffff' name \(quoted(name))",
            "set title \(quoted(title)) font ',15'",
            "set border 3 linecolor rgb '\(Colour.axis)'",
            "set tics nomirror textcolor rgb '\(Colour.reference)'",
            "set grid linetype 1 linecolor rgb '\(Colour.grid)'",
            "set key bmargin left Left reverse maxcols 1",
        ]
        // The range includes the limits, which gnuplot does not treat as data.
        let least = limits.map(\.at.y).max().map { "\($0)<" } ?? ""
        for (name, axis) in [("x", x), ("y", y)] {
            lines.append("set \(name)label \(quoted(axis.title))" + (name == "x" ? " offset 0,0.4" : ""))
            lines.append("set format \(name) \(quoted(axis.format))")
            lines.append(axis.isLogarithmic ? "set logscale \(name)" : "set \(name)range [0:\(least)*]")
        }
        for limit in limits {
            let place = "\(limit.at.x),\(limit.at.y)"
            lines.append("set arrow from \(place) length graph 0.08 angle 180 nohead linewidth 2")
            lines.append("set label \(quoted(limit.label)) at \(place) right offset -0.5,0.6 font ',11'")
        }
        var elements: [String] = []
        for (index, series) in series.enumerated() {
            lines += data("line\(index)", series.points) + data("dots\(index)", series.dots)
            let colour =
                series.isReference ? Colour.reference : Colour.series[index % Colour.series.count]
            let style = "linewidth 2 linecolor rgb '\(colour)'" + (series.isReference ? " dashtype '--'" : "")
            elements.append("$line\(index) with lines \(style) title \(quoted(series.title))")
            elements.append("$dots\(index) with points pointtype 7 pointsize 0.6 linecolor rgb '\(colour)' notitle")
        }
        lines.append("plot " + elements.joined(separator: ", \\\n  "))
        return lines.joined(separator: "\n") + "\n"
    }

    private func data(_ name: String, _ points: [Point]) -> [String] {
        ["$\(name) << END"] + points.map { "\($0.x) \($0.y)" } + ["END"]
    }

    private func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }
}
