import Distribution
import Testing

@testable import Agent

struct RouteTests {
    @Test(
        arguments: [
            ("/healthz", .healthz(isVerbose: false)), ("/healthz?verbose", .healthz(isVerbose: true)),
            ("/healthz?verbose=false", .healthz(isVerbose: true)), ("/healthz?a=b&verbose=", .healthz(isVerbose: true)),
            ("/readyz?", .readyz(isVerbose: false)), ("/readyz?verbose", .readyz(isVerbose: true)),
            ("/startupz?Verbose", .startupz(isVerbose: false)), ("/startupz?verbose", .startupz(isVerbose: true)),
            ("/metrics", .metrics), ("/metrics?verbose", .metrics), ("/", .status(StatusSelection())),
            ("/?page=2", .status(StatusSelection(page: 2))),
            ("/?reason=WriteFailed&page=3", .status(StatusSelection(page: 3, reason: .of(.writeFailed)))),
            ("/?reason=Pending", .status(StatusSelection(reason: .pending))),
            ("/?reason=Synced&reason=Pending", .status(StatusSelection(reason: .of(.synced)))),
        ] as [(String, Route)])
    func `a path and its query are a route`(_ target: String, _ route: Route) {
        #expect(Route(target: target) == route)
    }

    @Test(arguments: [
        "", "?", "//", "/healthz/", "/Healthz", "/healthz%00", "http://a/", "*", "/../", "/?\u{301}x", "/\u{301}",
        "/metrics#a",
    ])
    func `there is nothing anywhere else`(_ target: String) {
        // A mark behind the question mark belongs to the query.
        #expect(Route(target: target) == (target == "/?\u{301}x" ? .status(StatusSelection()) : nil))
    }

    @Test(arguments: [
        "page=0", "page=-1", "page=+1", "page=1e3", "page=9999999", "page=", "page", "reason=", "reason=synced",
        "reason=%53ynced", "=&&=&", "page=\u{661}",
    ])
    func `what cannot be used is as if it were not there`(_ query: String) {
        #expect(Route(target: "/?\(query)") == .status(StatusSelection()))
    }

    @Test func `each selection's link leads to it`() {
        for page in [1, 2, 999_999] {
            for reason in [nil, .pending] + Reason.allCases.map({ RowReason?.some(.of($0)) }) {
                let selection = StatusSelection(page: page, reason: reason)
                let link = selection.link
                let target = link.hasPrefix("./") ? "/" : "/" + link
                #expect(Route(target: target) == .status(selection))
            }
        }
    }
}
