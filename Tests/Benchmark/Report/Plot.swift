/// Lines over two axes, each with its name beside it.
struct Plot {
    struct Series {
        let title: String
        let points: [(x: Double, y: Double)]
        let colour: String
        var isDashed = false
        /// Where it has dots.
        var dots: [(x: Double, y: Double)]
    }

    /// A level over one x, which ought not to be passed.
    struct Mark {
        let at: (x: Double, y: Double)
        let label: String
    }

    let title: String
    let x: Axis
    let y: Axis
    let series: [Series]
    var marks: [Mark] = []
    /// Names stand below the title, not at the lines' right ends.
    var namesOnTop = false

    private static let size = (width: 860.0, height: 440.0)
    private static let (left, bottom) = (84.0, 56.0)
    private static let lineHeight = 16.0
    /// Of a letter of 12 pixels, about.
    private static let letter = 6.9

    private var top: Double { 52 + (namesOnTop ? Double(series.count) * Self.lineHeight * 1.25 : 0) }

    private var right: Double {
        guard !namesOnTop else { return 28 }
        let longest = series.flatMap { wrapped($0.title) }.map(\.count).max() ?? 0
        return Double(longest) * Self.letter + 28
    }

    var svg: String {
        var svg = SVG(width: Self.size.width, height: Self.size.height, description: title)
        svg.label(title, at: (20, 28), size: 15, isBold: true)
        drawAxes(&svg)
        for series in series {
            svg.path(series.points.map(place), colour: series.colour, dashes: series.isDashed ? "6 4" : nil)
            for dot in series.dots { svg.dot(place(dot), colour: series.colour) }
        }
        for mark in marks {
            let at = place(mark.at)
            svg.line((at.x - 56, at.y), (at.x, at.y), colour: SVG.Colour.text, width: 2)
            svg.label(mark.label, at: (at.x - 6, at.y - 6), anchor: .end, colour: SVG.Colour.faint, size: 11)
        }
        if namesOnTop { drawNamesOnTop(&svg) } else { drawNames(&svg) }
        return svg.text
    }

    private func place(_ point: (x: Double, y: Double)) -> (x: Double, y: Double) {
        let (width, height) = (Self.size.width - Self.left - right, Self.size.height - top - Self.bottom)
        return (Self.left + x.place(point.x) * width, top + (1 - y.place(point.y)) * height)
    }

    private func drawAxes(_ svg: inout SVG) {
        let (floor, end) = (Self.size.height - Self.bottom, Self.size.width - right)
        for tick in x.ticks {
            let place = place((tick.value, y.ticks.first?.value ?? 0)).x
            svg.line((place, top), (place, floor), colour: SVG.Colour.grid)
            svg.label(tick.label, at: (place, floor + 18), anchor: .middle, colour: SVG.Colour.faint)
        }
        for tick in y.ticks {
            let place = place((x.ticks.first?.value ?? 0, tick.value)).y
            svg.line((Self.left, place), (end, place), colour: SVG.Colour.grid)
            svg.label(tick.label, at: (Self.left - 8, place + 4), anchor: .end, colour: SVG.Colour.faint)
        }
        svg.line((Self.left, floor), (end, floor), colour: SVG.Colour.axis)
        svg.line((Self.left, top), (Self.left, floor), colour: SVG.Colour.axis)
        svg.label(x.title, at: ((Self.left + end) / 2, Self.size.height - 14), anchor: .middle)
        svg.label(y.title, at: (18, (top + floor) / 2), anchor: .middle, isUpright: true)
    }

    /// Right of each line's end; where two ends are close, one below the other.
    private func drawNames(_ svg: inout SVG) {
        var free = top
        let ends = series.compactMap { series in series.points.last.map { (series, place($0)) } }
        for (series, end) in ends.sorted(by: { $0.1.y < $1.1.y }) {
            let lines = wrapped(series.title)
            var line = max(end.y + 4 - Double(lines.count - 1) * Self.lineHeight / 2, free)
            for text in lines {
                svg.label(text, at: (end.x + 12, line), colour: series.colour)
                line += Self.lineHeight
            }
            free = line + 4
        }
    }

    private func drawNamesOnTop(_ svg: inout SVG) {
        var line = 52.0
        for series in series {
            svg.line(
                (20, line - 4), (46, line - 4), colour: series.colour, width: 2, dashes: series.isDashed ? "6 4" : nil)
            svg.label(series.title, at: (54, line), colour: series.colour)
            line += Self.lineHeight * 1.25
        }
    }

    /// In lines of some 24 letters, cut at spaces.
    private func wrapped(_ text: String) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + word.count < 24 {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
