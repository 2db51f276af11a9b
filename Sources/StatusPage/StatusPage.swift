import Observability
package import Reconciler

/// Renders the status page from an overview. The page has no scripts and loads nothing; its style sheet is inline.
package struct StatusPage: Sendable {
    let overview: Overview
    let selection: StatusSelection

    package init(_ overview: Overview, _ selection: StatusSelection) {
        self.overview = overview
        self.selection = selection
    }

    /// The page's Content-Security-Policy: it allows only the style sheet and the search form.
    package static let policy =
        "default-src 'none'; style-src \(StatusStyle.source); base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

    package var html: String {
        let state = isReady ? "Ready" : "Not ready"
        let style = HTML(stringLiteral: StatusStyle.text)
        let page: HTML = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(state) · secrets-distributor</title>
            <style>\(style)</style>
            </head>
            <body>
            \(header(state))
            <main>
            <div class="cards">
            \(mountCard)
            \(distributionsCard)
            \(rotationCard)
            \(certificateCard)
            </div>
            \(DistributionList(overview: overview, selection: selection).section)
            \(rotations)
            \(certificates)
            </main>
            <footer>
            <p>As of \(PageTime.absolute(overview.now)); reload for the current state. Times are UTC.
            See also <a href="metrics">metrics</a>, <a href="healthz?verbose">health</a>,
            <a href="readyz?verbose">readiness</a> and <a href="startupz?verbose">start</a>.</p>
            </footer>
            </body>
            </html>

            """
        return page.text
    }

    private var isReady: Bool { overview.unreadiness.isEmpty }

    private func header(_ state: String) -> HTML {
        var marks: [HTML] = []
        if overview.isDryRun { marks.append("<li class=\"badge held\">Dry run: nothing is written</li>") }
        if let isLeader = overview.isLeader {
            marks.append(
                isLeader
                    ? "<li class=\"badge\">Leader</li>" : "<li class=\"badge\">Follower: another replica writes</li>")
        }
        marks.append("<li class=\"badge\">Owner mark \(overview.managedBy)</li>")
        let why = (overview.unreadiness + overview.notes).map { "<li>\($0)</li>" as HTML }
        let uptime = PageTime.text(seconds: max(0, overview.now.seconds - overview.startedAt.seconds))
        return """
            <header\(isReady ? "" : " class=\"unready\"" as HTML)>
            <p class="brand"><strong>secrets-distributor</strong>
            <span>Version \(overview.version) · up \(uptime)</span></p>
            <div class="state"><h1>\(state)</h1><ul class="marks">\(marks)</ul></div>
            <p class="lead">\(summary)</p>
            \(why.isEmpty ? "" : "<ul class=\"why\">\(why)</ul>" as HTML)
            </header>
            """
    }

    private var summary: HTML {
        let (all, synced) = (overview.rows.count, overview.rows.count { $0.reason == .synced })
        if all == 0 { return "No distribution is served." }
        if synced == all { return "\(all == 1 ? "The one Secret is" : "All \(all) Secrets are" as HTML) in sync." }
        return "\(synced) of \(all) Secrets are in sync."
    }
}
