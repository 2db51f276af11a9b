import Distribution

// The cards at the top of the page.
extension StatusPage {
    var mountCard: HTML {
        let mount = overview.mount
        var body: HTML = "<p class=\"big\">None yet</p><p>No generation of \(mount.path) has been read.</p>"
        if let generation = mount.generation {
            let age = mount.createdAt.map { PageTime.text(seconds: max(0, overview.now.seconds - $0.seconds)) }
            let since = mount.createdAt.map { "<p>since \(PageTime.absolute($0))</p>" as HTML } ?? ""
            body = """
                <p class="big">\(age ?? "unknown") <small>old</small></p>
                <p><code>\(generation)</code></p>
                \(since)
                <p>\(mount.files) \(mount.files == 1 ? "file" : "files") in <code>\(mount.path)</code></p>
                """
        }
        var notes: [HTML] = []
        if let absence = mount.absence { notes.append("<p class=\"note bad\">Absent: \(absence)</p>") }
        if mount.failedFiles > 0 {
            notes.append("<p class=\"note held\">\(mount.failedFiles) could not be read</p>")
        }
        for volume in mount.volumes {
            let name: HTML = volume.name == "." ? "The mount" : "Volume <code>\(volume.name)</code>"
            if let absence = volume.absence { notes.append("<p class=\"note bad\">\(name) is absent: \(absence)</p>") }
            if !volume.isAtomic {
                notes.append("<p class=\"note held\">\(name) has no generations: its files change one by one</p>")
            }
        }
        return "<section class=\"card\"><h2>Mount generation</h2>\(body)\(notes)</section>"
    }

    var distributionsCard: HTML {
        let counts = DistributionList.counts(overview.rows)
        let all = overview.rows.count
        guard all > 0 else {
            return """
                <section class="card"><h2>Distributions</h2><p class="big">None</p>
                <p>No SecretsDistribution belongs to <code>\(overview.managedBy)</code>.</p></section>
                """
        }
        let synced = counts.first { $0.reason == .of(.synced) }?.count ?? 0
        var (x, bars) = (0, [HTML]())
        for (reason, count) in counts {
            let end = x + max(1, count * 1000 / all)
            bars.append("<rect x=\"\(x)\" width=\"\(end - x)\" height=\"8\" class=\"\(reason.tone.rawValue)\"/>")
            x = end
        }
        let rest: [HTML] = counts.filter { $0.reason != .of(.synced) }.map { reason, count in
            let link = StatusSelection(reason: reason).link
            return "<li><a href=\"\(link)\">\(count) \(reason.name)</a></li>"
        }
        return """
            <section class="card"><h2><a href="#distributions">Distributions</a></h2>
            <p class="big">\(synced) <small>of \(all) in sync</small></p>
            <svg class="bar" viewBox="0 0 \(max(x, 1)) 8" preserveAspectRatio="none" aria-hidden="true">\(bars)</svg>
            \(rest.isEmpty ? "" : "<ul>\(rest)</ul>" as HTML)</section>
            """
    }

    var rotationCard: HTML {
        guard let last = overview.rotations.first else {
            return """
                <section class="card"><h2>Last rotation</h2><p class="big">None</p>
                <p>No file has changed since the start.</p></section>
                """
        }
        let files = last.files.count
        return """
            <section class="card"><h2><a href="#rotations">Last rotation</a></h2>
            <p class="big">\(PageTime.relative(last.changedAt, to: overview.now))</p>
            <p>\(files) \(files == 1 ? "file" : "files") changed, \(last.targets) \(last.targets == 1 ? "Secret" : "Secrets") affected</p>
            <p>\(StatusPage.duration(of: last))</p></section>
            """
    }

    var certificateCard: HTML {
        guard let next = overview.certificates.first else {
            return """
                <section class="card"><h2>Next expiry</h2><p class="big">None</p>
                <p>No Secret of type kubernetes.io/tls is served.</p></section>
                """
        }
        let urgency = Urgency(next.expiresAt, now: overview.now)
        let count = overview.certificates.count { Urgency($0.expiresAt, now: overview.now) != .valid }
        let note: HTML =
            switch urgency {
            case .valid: ""
            case .soon: "<p class=\"note held\">\(count) within \(Urgency.days) days</p>"
            case .expired: "<p class=\"note bad\">\(count) expired or within \(Urgency.days) days</p>"
            }
        return """
            <section class="card"><h2><a href="#certificates">Next expiry</a></h2>
            <p class="big">\(PageTime.relative(next.expiresAt, to: overview.now))</p>
            <p>\(next.secret.namespace)/\(next.secret.name)</p>
            <p>\(PageTime.absolute(next.expiresAt))</p>\(note)</section>
            """
    }
}
