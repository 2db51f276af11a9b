import Admin
import Distribution
import Testing

@testable import StatusPage

struct StatusSelectionTests {
    @Test(
        arguments: [
            ([:], StatusSelection()), (["page": "2"], StatusSelection(page: 2)),
            (["reason": "WriteFailed", "page": "3"], StatusSelection(page: 3, reason: .of(.writeFailed))),
            (["reason": "Pending"], StatusSelection(reason: .pending)),
            (
                ["search": String(repeating: "é", count: 101)],
                StatusSelection(search: String(repeating: "é", count: 100))
            ),
            (["search": "  Team-A \u{a0} x/y"], StatusSelection(search: "Team-A x/y")),
        ] as [([String: String], StatusSelection)])
    func `a query selects the content of the page`(_ query: [String: String], _ selection: StatusSelection) {
        #expect(StatusSelection(query) == selection)
    }

    @Test(arguments: [
        ("page", "0"), ("page", "-1"), ("page", "+1"), ("page", "1e3"), ("page", "9999999"), ("page", ""),
        ("page", "\u{661}"), ("reason", ""), ("reason", "synced"), ("reason", "%53ynced"), ("other", "1"),
        ("search", " \n"),
    ])
    func `invalid values are ignored`(_ name: String, _ value: String) {
        #expect(StatusSelection([name: value]) == StatusSelection())
    }

    @Test func `the link of a selection leads to it`() throws {
        for page in [1, 2, 999_999] {
            for reason in [nil, .pending] + Reason.allCases.map({ RowReason?.some(.of($0)) }) {
                for search in ["", "team-a/x", "é & \"100%\" + 1=2#"] {
                    let selection = StatusSelection(page: page, reason: reason, search: search)
                    let target = selection.link == "./" ? "/" : "/" + selection.link
                    guard case .status(let query) = try #require(Route(target: target)) else {
                        Issue.record("\(target) is not the page")
                        continue
                    }
                    #expect(StatusSelection(query) == selection)
                }
            }
        }
    }
}
