import Distribution
import Testing

@testable import Reconciler
@testable import StatusPage

struct StatusPageTests {
    private func page(_ selection: StatusSelection = StatusSelection(), _ change: (inout Overview) -> Void = { _ in })
        -> String
    {
        var overview = Overview.sample
        change(&overview)
        return StatusPage(overview, selection).html
    }

    /// The names of the distributions in the order of the page's rows.
    private func names(_ page: String) -> [String] {
        let table =
            page.components(between: "<section class=\"list\" id=\"distributions\">", and: "</section>").first ?? ""
        return table.components(between: "<th scope=\"row\">", and: " <small>")
    }

    @Test func `volumes that are absent or have no generations are named`() {
        let page = page { overview in
            overview.mount.volumes = [
                .init(name: ".", generation: "g", createdAt: Overview.sampleNow, isAtomic: false, absence: nil),
                .init(name: "aws", generation: "g", createdAt: Overview.sampleNow, isAtomic: true, absence: nil),
                .init(
                    name: "azure", generation: "g", createdAt: Overview.sampleNow, isAtomic: true, absence: "is empty"),
            ]
        }
        #expect(page.contains("The mount has no generations: its files change one by one"))
        #expect(page.contains("Volume <code>azure</code> is absent: is empty"))
        #expect(!page.contains("<code>aws</code>"))
    }

    @Test func `external text stays text everywhere`() {
        let hostile = "<script>alert('\"&')</script>\u{202e}\u{0}\n\u{2028}<\u{301}b>"
        let page = page { overview in
            overview.version = hostile
            overview.managedBy = hostile
            overview.unreadiness = [hostile]
            overview.mount.path = hostile
            overview.mount.generation = hostile
            overview.mount.absence = hostile
            overview.rows = [Overview.row(hostile, hostile, hostile, .writeFailed, nil, hostile)]
            overview.rows[0].lastUpdated = hostile
            overview.rotations[0].generation = hostile
            overview.rotations[0].files = [hostile]
            overview.certificates[0] = Overview.certificate(hostile, hostile, 0)
        }
        #expect(!page.lowercased().contains("<script"))
        #expect(StatusPage.policy.hasPrefix("default-src 'none'; style-src 'sha256-"))
        let shown =
            "&lt;script&gt;alert(&#39;&quot;&amp;&#39;)&lt;/script&gt;\\u{202E}\\0\\n\\u{2028}&lt;\u{301}b&gt;"
        #expect(page.count(of: shown) == page.count(of: "alert"))
        #expect(page.count(of: shown) > 10)
        #expect(!page.unicodeScalars.contains { $0.isInvisible && $0 != "\n" })
    }

    @Test func `the size of a page is bounded, whatever the messages on it are`() {
        for text in ["\u{1}", "\"", "\u{202e}", "é", "<"] {
            let message = String(repeating: text, count: 4000)
            let page = page { overview in
                overview.rows = (0..<1000).map { Overview.row("n", "d\($0)", "s", .policyDenied, nil, message) }
            }
            #expect(page.utf8.count < 500 * 1024 + 65_536, "\(page.utf8.count) bytes")
            #expect(page.contains("…"))
        }
    }

    @Test func `the same overview results in the same complete page`() {
        let page = page()
        #expect(page == self.page())
        #expect(page.hasPrefix("<!doctype html>\n") && page.hasSuffix("</html>\n"))
        for tag in [
            "html", "header", "main", "footer", "section", "table", "tr", "td", "th", "ul", "li", "p", "span", "nav",
            "a",
        ] {
            let opened = page.count(of: "<\(tag)>") + page.count(of: "<\(tag) ")
            #expect(opened == page.count(of: "</\(tag)>"), "\(tag)")
        }
    }

    @Test func `distributions out of sync come first, the others are sorted by namespace and name`() {
        var overview = Overview.sample
        overview.rows.append(Overview.row("zz", "pending", nil, nil, nil, ""))
        overview.rows.append(Overview.row("zz", "refused", "a", .writeFailed, nil))
        let names = names(StatusPage(overview, StatusSelection()).html)
        #expect(names.prefix(5) == ["refused", "kafka-client", "warehouse", "pending", "repository"])
        #expect(names.count == 14)
    }

    @Test func `a search lists what contains all of its words, and its links keep it`() {
        let page = page(StatusSelection(search: "KAFKA client"))
        #expect(names(page) == ["kafka-client"])
        #expect(page.contains("value=\"KAFKA client\""))
        #expect(page.contains("<a href=\"?reason=PairMismatch&amp;search=KAFKA%20client\">PairMismatch <b>1</b></a>"))
        #expect(page.contains("<a href=\"?search=KAFKA%20client\" aria-current=\"true\">All <b>1</b></a>"))
        let none = self.page(StatusSelection(reason: .of(.synced), search: "\"><b>"))
        #expect(none.contains("No distribution with “&quot;&gt;&lt;b&gt;” is Synced."))
        #expect(!none.contains("\"><b>\""))
    }

    @Test func `a search finds what is shown of a message, and nothing behind it`() {
        let find = { (word: String) in
            self.page(StatusSelection(search: word)) {
                $0.rows[0].message = "foremost " + String(repeating: "x", count: 1000) + " hindmost"
            }
        }
        #expect(names(find("FOREMOST")).count == 1)
        #expect(names(find("hindmost")).isEmpty)
    }

    @Test func `a rotation names the Secrets that it wrote`() {
        let page = page {
            $0.rotations[0].written = 12
            $0.rotations[0].secrets = [
                ObjectKey(namespace: "web", name: "tls"), ObjectKey(namespace: "api", name: "<b>"),
            ]
        }
        #expect(page.contains("<ul><li>web/tls</li><li>api/&lt;b&gt;</li><li>and 10 more</li></ul>"))
    }

    @Test func `a reason selects its distributions, and its link is marked`() {
        let page = page(StatusSelection(reason: .of(.pairMismatch)))
        #expect(names(page) == ["kafka-client"])
        #expect(page.contains("<a href=\"?reason=PairMismatch\" aria-current=\"true\">PairMismatch <b>1</b></a>"))
        #expect(page.contains("<a href=\"./\">All <b>12</b></a>"))
        #expect(page.contains("<a href=\"?reason=Synced\">Synced <b>10</b></a>"))
        let none = self.page(StatusSelection(reason: .of(.notManaged)))
        #expect(none.contains("No distribution is NotManaged."))
    }

    @Test func `many distributions are split into pages of five hundred; a missing page shows the last one`() {
        func page(_ number: Int) -> String {
            self.page(StatusSelection(page: number)) { overview in
                overview.rows = (0..<1001).map { Overview.row("a", "d\($0)", "s", .synced, 1) }
            }
        }
        #expect(names(page(1)).count == 500)
        #expect(names(page(1)).last == "d499")
        #expect(page(1).contains("<a href=\"?page=2#distributions\">Next page</a>"))
        #expect(!page(1).contains("Previous page"))
        #expect(page(2).contains("501 to 1000 of 1001"))
        #expect(page(2).contains("<a href=\"./#distributions\">Previous page</a>"))
        for last in [3, 4, 999_999] {
            #expect(names(page(last)) == ["d1000"])
            #expect(!page(last).contains("Next page"))
        }
        #expect(!self.page().contains("class=\"pages\""))
    }

    @Test func `an agent without data says what is missing`() {
        var overview = Overview.empty
        overview.unreadiness = ["the mount has not been read"]
        overview.mount.absence = "/mnt/secrets: No such file or directory"
        let page = StatusPage(overview, StatusSelection()).html
        for text in [
            "<title>Not ready · secrets-distributor</title>", "<li>the mount has not been read</li>",
            "No generation of /mnt/secrets has been read.", "Absent: /mnt/secrets: No such file or directory",
            "No SecretsDistribution in the watched namespaces belongs to",
            "No file has changed since the start.", "No Secret of type kubernetes.io/tls has a certificate",
            "No distribution is served.",
        ] { #expect(page.contains(text), "\(text)") }
    }

    @Test func `the state is visible at a glance`() {
        #expect(page().contains("<h1>Ready</h1>"))
        #expect(page().contains("10 of 12 Secrets are in sync."))
        #expect(page().contains("<li class=\"badge\">Leader</li>"))
        #expect(page().contains("Version 0.1.0 · up 11 d"))
        #expect(page { $0.isLeader = false }.contains("Follower: another replica writes"))
        #expect(!page { $0.isLeader = nil }.contains("Leader"))
        #expect(page { $0.isDryRun = true }.contains("Dry run: nothing is written"))
        #expect(page { $0.rows.removeAll { $0.reason != .synced } }.contains("All 10 Secrets are in sync."))
        #expect(page { $0.mount.failedFiles = 2 }.contains("2 could not be read"))
    }

    @Test func `a rotation shows its result`() {
        let page = page { overview in
            overview.rotations[0].took = nil
            overview.rotations[1].isSuperseded = true
            overview.rotations[2].files = ["a", "b", "c", "d", "e"]
        }
        #expect(page.contains("<span>in progress</span>"))
        #expect(page.contains("<span>superseded</span>"))
        #expect(page.contains("a, b, c and 2 more"))
        #expect(page.contains("1 held back"))
        #expect(page.contains("<span>1.4 s</span>"))
    }

    @Test func `certificates are marked by their time until expiry, the first fifty`() {
        let badges = [(-1, "Expired"), (0, "Expires soon"), (30 * 86_400 - 1, "Expires soon"), (30 * 86_400, "Valid")]
        for (left, badge) in badges {
            let page = page { $0.certificates = [Overview.certificate("a", "b", Int64(left))] }
            let section = page.components(between: "id=\"certificates\">", and: "</section>")[0]
            #expect(section.contains(">\(badge)</span>"), "\(left)")
        }
        let many = page { overview in
            overview.certificates = (0..<60).map { Overview.certificate("a", "b", Int64($0)) }
        }
        let section = many.components(between: "id=\"certificates\">", and: "</section>")[0]
        #expect(section.count(of: "<tr><td") == 50)
        #expect(section.contains("The first 50 of 60, by expiry."))
    }

    @Test(
        arguments: [
            (0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (3660, "1 h 1 min"),
            (86_399, "23 h 59 min"),
            (86_400, "1 d"), (90_000, "1 d 1 h"), (864_000, "10 d"), (900_000_000, "10416 d"),
        ] as [(Int64, String)])
    func `an age is shown in at most two units`(_ seconds: Int64, _ text: String) {
        #expect(PageTime.text(seconds: seconds) == text)
    }

    @Test func `times are shown as age and as date`() {
        let now = Overview.sampleNow
        #expect(PageTime.absolute(now) == "2026-11-21 08:30:00 UTC")
        #expect(PageTime.relative(now, to: now) == "now")
        #expect(PageTime.relative(now - 90, to: now) == "1 min ago")
        #expect(PageTime.relative(now, to: now - 90) == "in 1 min")
        #expect(
            PageTime.element(now - 5, now: now).text.hasPrefix("<time datetime=\"2026-11-21T08:29:55Z\"><b>5 s ago</b>")
        )
        #expect(PageTime.text(.milliseconds(999)) == "999 ms")
        #expect(PageTime.text(.milliseconds(1999)) == "1.9 s")
        #expect(PageTime.text(.seconds(75)) == "1 min")
    }
}

extension String {
    /// The texts between each `start` and the next `end`.
    func components(between start: String, and end: String) -> [String] {
        split(separator: start, omittingEmptySubsequences: false).dropFirst().compactMap { part in
            part.firstRange(of: end).map { String(part[..<$0.lowerBound]) }
        }
    }

    func count(of text: String) -> Int { ranges(of: text).count }
}
