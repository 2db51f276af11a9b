import Testing

@testable import Admin

struct RouteTests {
    @Test(
        arguments: [
            ("/healthz", .healthz(isVerbose: false)), ("/healthz?verbose", .healthz(isVerbose: true)),
            ("/healthz?verbose=false", .healthz(isVerbose: true)), ("/healthz?a=b&verbose=", .healthz(isVerbose: true)),
            ("/readyz?", .readyz(isVerbose: false)), ("/readyz?verbose", .readyz(isVerbose: true)),
            ("/startupz?Verbose", .startupz(isVerbose: false)), ("/startupz?verbose", .startupz(isVerbose: true)),
            ("/metrics", .metrics), ("/metrics?verbose", .metrics), ("/", .status([:])),
            ("/?page=2", .status(["page": "2"])),
            ("/?reason=WriteFailed&page=3", .status(["reason": "WriteFailed", "page": "3"])),
            ("/?reason=Synced&reason=Pending", .status(["reason": "Synced"])),
            ("/?search=a+b%2Fc%2fd&%70age=2", .status(["search": "a b/c/d", "page": "2"])),
            ("/?search=100%&page=%zz", .status(["search": "100%", "page": "%zz"])),
            ("/?a=%ff", .status(["a": "\u{fffd}"])),
            ("/?=&&=&", .status(["": ""])), ("/?page=\u{661}", .status(["page": "\u{661}"])),
        ] as [(String, Route)])
    func `a path and its query are parsed as a route`(_ target: String, _ route: Route) {
        #expect(Route(target: target) == route)
    }

    @Test(arguments: [
        "", "?", "//", "/healthz/", "/Healthz", "/healthz%00", "http://a/", "*", "/../", "/?\u{301}x", "/\u{301}",
        "/metrics#a",
    ])
    func `other paths have no route`(_ target: String) {
        // A combining mark after the question mark belongs to the query.
        #expect(Route(target: target) == (target == "/?\u{301}x" ? .status(["\u{301}x": ""]) : nil))
    }
}
