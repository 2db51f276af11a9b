import Distribution
import Observability
import Reconciler

/// The status page's list of distributions: those that need attention first, filtered by reason, in pages.
struct DistributionList: Sendable {
    let overview: Overview
    let selection: StatusSelection
    /// The rows that contain each word of the search in their names, or in the part of their message that is shown,
    /// whatever the case. Whole messages would take seconds: anyone who reaches the page may search.
    private let found: [Overview.Row]

    init(overview: Overview, selection: StatusSelection) {
        self.overview = overview
        self.selection = selection
        let words = selection.search.lowercased().split(separator: " ")
        found =
            words.isEmpty
            ? overview.rows
            : overview.rows.filter { row in
                let text = "\(row.distribution) \(row.secret ?? "") \(row.message.prefix(Self.messageSize))"
                    .lowercased()
                return words.allSatisfy { text.contains($0) }
            }
    }

    /// The maximum number of rows on a page.
    static let pageSize = 500
    /// The maximum size of a message on the page, in bytes; the object's status has the full message.
    private static let messageSize = 512
    /// The maximum number of versions in a row.
    private static let mostVersions = 3

    /// The number of distributions for each reason, with those that are not in sync first.
    static func counts(_ rows: [Overview.Row]) -> [(reason: RowReason, count: Int)] {
        let counts = Dictionary(grouping: rows) { RowReason($0.reason) }.mapValues(\.count)
        return counts.sorted { ($0.key.rank, $0.key.name) < ($1.key.rank, $1.key.name) }.map { ($0.key, $0.value) }
    }

    /// The rows of the selection, in the order of the list.
    var selected: [Overview.Row] {
        let rows = found.filter { row in selection.reason.map { $0 == RowReason(row.reason) } ?? true }
        // The sort is stable: rows of the same rank stay sorted by key.
        return rows.sorted { RowReason($0.reason).rank < RowReason($1.reason).rank }
    }

    var section: HTML {
        let all = selected
        let pages = max(1, (all.count + Self.pageSize - 1) / Self.pageSize)
        let page = min(selection.page, pages)
        let first = (page - 1) * Self.pageSize
        let shown = all[first..<min(first + Self.pageSize, all.count)]
        return """
            <section class="list" id="distributions"><h2>Distributions</h2>
            \(overview.rows.isEmpty ? "" : filter)
            \(shown.isEmpty ? empty : table(shown))
            \(pages == 1 ? "" : links(page, of: pages, first: first, shown: shown.count, all: all.count))
            </section>
            """
    }

    private var filter: HTML {
        let links = Self.counts(found).map { link($0.reason, $0.reason.name, $0.count) }
        let reason: HTML =
            selection.reason.map { "<input type=\"hidden\" name=\"reason\" value=\"\($0.name)\">" } ?? ""
        return """
            <form class="search" action="./#distributions">\(reason)
            <input type="search" name="search" value="\(selection.search)" maxlength="\(StatusSelection.longestSearch)"
            aria-label="Search" placeholder="Name, namespace, Secret or message"><button>Search</button></form>
            <nav class="filter" aria-label="By reason">\(link(nil, "All", found.count))\(links)</nav>
            """
    }

    private func link(_ reason: RowReason?, _ name: String, _ count: Int) -> HTML {
        let current: HTML = selection.reason == reason ? " aria-current=\"true\"" : ""
        return
            "<a href=\"\(StatusSelection(reason: reason, search: selection.search).link)\"\(current)>\(name) <b>\(count)</b></a>"
    }

    private var empty: HTML {
        guard !overview.rows.isEmpty else {
            return """
                <p class="panel empty">No SecretsDistribution in the watched namespaces belongs to
                <code>\(overview.managedBy)</code>.</p>
                """
        }
        let what: HTML = selection.reason.map { "is \($0.name)" } ?? "was found"
        let words: HTML = selection.search.isEmpty ? "" : " with “\(selection.search)”"
        return "<p class=\"panel empty\">No distribution\(words) \(what). <a href=\"./\">Show all</a></p>"
    }

    private func table(_ rows: ArraySlice<Overview.Row>) -> HTML {
        """
        <div class="panel"><table><caption>Distributions, those that are not in sync first</caption><thead><tr>
        <th scope="col">State</th><th scope="col">Distribution</th><th scope="col">Secret</th>
        <th scope="col">Message</th><th scope="col">Content changed</th>
        </tr></thead><tbody>
        \(rows.map(row))</tbody></table></div>
        """
    }

    private func row(_ row: Overview.Row) -> HTML {
        let reason = RowReason(row.reason)
        let changed: HTML =
            row.lastUpdated.map { text in
                Timestamp(rfc3339: text).map { PageTime.element($0, now: overview.now) } ?? "<span>\(text)</span>"
            } ?? "<span>never</span>"
        let message = row.message.isEmpty && row.reason == nil ? "not processed yet" : row.message
        return """
            <tr\(reason.tone == .ok ? "" : " class=\"off\"" as HTML)>
            <td class="state-cell"><span class="badge \(reason.tone.rawValue)">\(reason.name)</span></td>
            <th scope="row">\(row.distribution.name) <small>\(row.scope)</small></th>
            <td data-label="Secret"><span>\(row.secret ?? "not named")</span></td>
            <td class="message">\(HTML(message, atMost: Self.messageSize))\(versions(row.sources))</td>
            <td data-label="Changed">\(changed)</td>
            </tr>

            """
    }

    /// The versions of the vault's objects, folded.
    private func versions(_ sources: [SourceVersion]) -> HTML {
        guard !sources.isEmpty else { return "" }
        let items = sources.prefix(Self.mostVersions).map { source -> HTML in
            """
            <li><code>\(source.from)</code>: version <code>\(source.version)</code> of <code>\(source.object)</code>,
            read with <code>\(source.generation)</code></li>
            """
        }
        let more: HTML =
            sources.count > Self.mostVersions ? "<li>and \(sources.count - Self.mostVersions) more</li>" : ""
        return "<details><summary>Versions in the vault</summary><ul>\(items)\(more)</ul></details>"
    }

    private func links(_ page: Int, of pages: Int, first: Int, shown: Int, all: Int) -> HTML {
        """
        <nav class="pages" aria-label="Pages">
        \(page > 1 ? link(to: page - 1, "Previous page") : "")
        <span>\(first + 1) to \(first + shown) of \(all)</span>
        \(page < pages ? link(to: page + 1, "Next page") : "")
        </nav>
        """
    }

    private func link(to page: Int, _ text: String) -> HTML {
        "<a href=\"\(StatusSelection(page: page, reason: selection.reason, search: selection.search).link)#distributions\">\(text)</a>"
    }
}

extension Overview.Row {
    /// Beside the name.
    fileprivate var scope: String { distribution.namespace.isEmpty ? "cluster" : distribution.namespace }
}

extension RowReason {
    /// The colour of a reason; the name of the style sheet's class.
    enum Tone: String {
        case ok, held, bad, quiet
    }

    var tone: Tone {
        switch self {
        case .pending: .quiet
        case .of(.synced): .ok
        // The next generation of the mount may fix these.
        case .of(.sourceNotFound), .of(.sourceUnreadable), .of(.pairMismatch): .held
        case .of: .bad
        }
    }

    /// The sort order: reasons that need attention come first.
    var rank: Int {
        switch tone {
        case .bad: 0
        case .held: 1
        case .quiet: 2
        case .ok: 3
        }
    }
}
