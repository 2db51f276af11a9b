import Testing

@testable import secrets_distributor

@Suite struct TableTests {
    private var table: Table {
        var table = Table("A", "LONG HEADER", "LAST")
        table.add(.init("cell", .red), .init(""), .init("a longer text"))
        table.add(.init("é"), .init("x\ny\u{1b}[2J", .green), .init("z"))
        return table
    }

    @Test("Columns are as wide as their widest cell, and the last one has no padding")
    func columns() {
        #expect(
            table.lines(styled: false) == [
                "A     LONG HEADER    LAST",
                "cell  -              a longer text",
                #"é     x\ny\u{1B}[2J  z"#,
            ])
    }

    @Test("Styles change no width, and are used only if requested")
    func styles() {
        let styled = table.lines(styled: true)
        #expect(styled[0].hasPrefix("\u{1b}[1mA\u{1b}[0m     \u{1b}[1mLONG HEADER\u{1b}[0m    "))
        #expect(styled[1] == "\u{1b}[31mcell\u{1b}[0m  -              a longer text")
        let plain = styled.map { line in
            ["0", "1", "31", "32", "33"].reduce(line) { $0.replacing("\u{1b}[\($1)m", with: "") }
        }
        #expect(plain == table.lines(styled: false))
    }
}
