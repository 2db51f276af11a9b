import Distribution
import Testing

@testable import StatusPage

struct StatusSelectionTests {
    @Test(
        arguments: [
            ([:], StatusSelection()), (["page": "2"], StatusSelection(page: 2)),
            (["reason": "WriteFailed", "page": "3"], StatusSelection(page: 3, reason: .of(.writeFailed))),
            (["reason": "Pending"], StatusSelection(reason: .pending)),
        ] as [([String: String], StatusSelection)])
    func `a query selects the content of the page`(_ query: [String: String], _ selection: StatusSelection) {
        #expect(StatusSelection(query) == selection)
    }

    @Test(arguments: [
        ("page", "0"), ("page", "-1"), ("page", "+1"), ("page", "1e3"), ("page", "9999999"), ("page", ""),
        ("page", "\u{661}"), ("reason", ""), ("reason", "synced"), ("reason", "%53ynced"), ("other", "1"),
    ])
    func `invalid values are ignored`(_ name: String, _ value: String) {
        #expect(StatusSelection([name: value]) == StatusSelection())
    }

    @Test func `the link of a selection leads to it`() {
        for page in [1, 2, 999_999] {
            for reason in [nil, .pending] + Reason.allCases.map({ RowReason?.some(.of($0)) }) {
                let selection = StatusSelection(page: page, reason: reason)
                let pairs = selection.link.split(separator: "?").last.map { $0.split(separator: "&") } ?? []
                let query = pairs.filter { $0.contains("=") }.map { $0.split(separator: "=").map(String.init) }
                #expect(StatusSelection(Dictionary(query.map { ($0[0], $0[1]) }) { first, _ in first }) == selection)
            }
        }
    }
}
