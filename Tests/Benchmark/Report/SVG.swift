/// A picture that is written piece by piece.
struct SVG {
    let width: Double
    let height: Double
    private var pieces: [String] = []

    /// Light, whatever the page behind it is.
    init(width: Double, height: Double, description: String) {
        (self.width, self.height) = (width, height)
        pieces.append(
            """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.number(width)) \(Self.number(height))" \
            width="\(Self.number(width))" height="\(Self.number(height))" role="img" \
            font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="12">
            <title>\(Self.escape(description))</title>
            <rect x="0.5" y="0.5" width="\(Self.number(width - 1))" height="\(Self.number(height - 1))" rx="6" \
            fill="#ffffff" stroke="#d0d7de"/>
            """)
    }

    var text: String { (pieces + ["</svg>\n"]).joined(separator: "\n") }

    mutating func line(
        _ from: (x: Double, y: Double), _ to: (x: Double, y: Double), colour: String, width: Double = 1,
        dashes: String? = nil
    ) {
        pieces.append(
            "<line\(Self.point(from, "1"))\(Self.point(to, "2")) stroke=\"\(colour)\" "
                + "stroke-width=\"\(Self.number(width))\"\(Self.dashes(dashes))/>")
    }

    mutating func path(_ points: [(x: Double, y: Double)], colour: String, width: Double = 2, dashes: String? = nil) {
        let list = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
        pieces.append(
            "<polyline points=\"\(list)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"\(Self.number(width))\" "
                + "stroke-linejoin=\"round\"\(Self.dashes(dashes))/>")
    }

    mutating func dot(_ at: (x: Double, y: Double), colour: String) {
        pieces.append("<circle\(Self.point(at, "", "c")) r=\"3.5\" fill=\"\(colour)\" stroke=\"#ffffff\"/>")
    }

    enum Anchor: String { case start, middle, end }

    mutating func label(
        _ text: String, at point: (x: Double, y: Double), anchor: Anchor = .start, colour: String = Colour.text,
        size: Double = 12, isBold: Bool = false, isUpright: Bool = false
    ) {
        let turn =
            isUpright ? " transform=\"rotate(-90 \(Self.number(point.x)) \(Self.number(point.y)))\"" : ""
        pieces.append(
            "<text\(Self.point(point, "")) text-anchor=\"\(anchor.rawValue)\" fill=\"\(colour)\" "
                + "font-size=\"\(Self.number(size))\"\(isBold ? " font-weight=\"600\"" : "")\(turn) "
                // Lines that cross it leave it readable.
                + "paint-order=\"stroke\" stroke=\"#ffffff\" stroke-width=\"3\">"
                + "\(Self.escape(text))</text>")
    }

    /// All have a contrast of 4.5 and more on white.
    enum Colour {
        static let text = "#1f2328"
        static let faint = "#59636e"
        static let grid = "#e6eaef"
        static let axis = "#8c959f"
        static let series = ["#0550ae", "#bc4c00", "#1a7f37", "#8250df", "#a40e26", "#1b7c83"]
        /// What is compared with.
        static let reference = "#59636e"
    }

    static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }

    /// To a tenth.
    static func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths.isMultiple(of: 10) ? "\(tenths / 10)" : "\(Double(tenths) / 10)"
    }

    private static func point(_ point: (x: Double, y: Double), _ number: String, _ prefix: String = "") -> String {
        " \(prefix)x\(number)=\"\(Self.number(point.x))\" \(prefix)y\(number)=\"\(Self.number(point.y))\""
    }

    private static func dashes(_ dashes: String?) -> String {
        dashes.map { " stroke-dasharray=\"\($0)\"" } ?? ""
    }
}
