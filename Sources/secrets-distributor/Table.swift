import Observability

/// A table of text. Each column is as wide as its widest cell, with two spaces between columns. Nothing is truncated or
/// wrapped.
struct Table {
    struct Cell {
        /// On one line and never empty, so that scripts can count columns.
        let text: String
        let style: Terminal.Style?

        init(_ text: String, _ style: Terminal.Style? = nil) {
            self.text = text.isEmpty ? "-" : text.onOneLine
            self.style = style
        }
    }

    private let header: [Cell]
    private var rows: [[Cell]] = []

    init(_ header: String...) { self.header = header.map { Cell($0, .bold) } }

    var isEmpty: Bool { rows.isEmpty }

    mutating func add(_ cells: Cell...) {
        precondition(cells.count == header.count, "a row has a cell for each column")
        rows.append(cells)
    }

    /// - Parameter styled: whether to use the escape sequences of terminals with colours.
    func lines(styled: Bool) -> [String] {
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].text.count }.max() ?? 0 }
        return all.map { cells in
            zip(cells, widths).enumerated().map { column, pair in
                let (cell, width) = pair
                let isLast = column == header.count - 1
                let padding = isLast ? "" : String(repeating: " ", count: width - cell.text.count + 2)
                let style = styled ? cell.style : nil
                return (style.map { $0(cell.text) } ?? cell.text) + padding
            }.joined()
        }
    }
}
