import Observability
import Reconciler

/// How soon a certificate expires.
enum Urgency: Sendable {
    case expired, soon, valid

    static let days = 30

    init(_ expiry: Timestamp, now: Timestamp) {
        // A certificate is still valid at the time of notAfter (RFC 5280, 4.1.2.5).
        if expiry < now {
            self = .expired
        } else {
            self = expiry.seconds - now.seconds < Int64(Self.days) * 86_400 ? .soon : .valid
        }
    }

    var badge: HTML {
        switch self {
        case .expired: "<span class=\"badge bad\">Expired</span>"
        case .soon: "<span class=\"badge held\">Expires soon</span>"
        case .valid: "<span class=\"badge ok\">Valid</span>"
        }
    }
}

// The lists of rotations and certificates.
extension StatusPage {
    /// The duration of a rotation, or why there is none.
    static func duration(of rotation: Rotation) -> HTML {
        if rotation.isSuperseded { return "superseded" }
        return rotation.took.map { "took \(PageTime.text($0))" } ?? "in progress"
    }

    var rotations: HTML {
        let rows: [HTML] = overview.rotations.map { rotation in
            """
            <tr\(rotation.heldBack > 0 ? " class=\"off\"" as HTML : "")>
            <th scope="row">\(PageTime.element(rotation.changedAt, now: overview.now))</th>
            <td data-label="Generation"><span><code>\(rotation.generation)</code></span></td>
            <td data-label="Files"><span>\(rotation.files.count)\(Self.names(rotation.files))\(Self.secrets(of: rotation))</span></td>
            <td data-label="Written" class="number"><span>\(rotation.written) of \(rotation.targets)</span></td>
            <td data-label="Unchanged" class="number"><span>\(rotation.unchanged)</span></td>
            <td data-label="Held back" class="number">\(Self.heldBack(rotation.heldBack))</td>
            <td data-label="Time taken" class="number"><span>\(Self.taken(rotation))</span></td>
            </tr>

            """
        }
        let table: HTML = """
            <div class="panel"><table><caption>Last rotations, the newest first</caption><thead><tr>
            <th scope="col">Changed</th><th scope="col">Generation</th><th scope="col">Files</th>
            <th scope="col" class="number">Written</th><th scope="col" class="number">Unchanged</th>
            <th scope="col" class="number">Held back</th><th scope="col" class="number">Time taken</th>
            </tr></thead><tbody>
            \(rows)</tbody></table></div>
            """
        return """
            <section class="list" id="rotations"><h2>Last rotations</h2>
            <p>The time taken is from the change of the files to the last write of a Secret.</p>
            \(rows.isEmpty ? "<p class=\"panel empty\">No file has changed since the start.</p>" : table)
            </section>
            """
    }

    private static func taken(_ rotation: Rotation) -> HTML {
        if rotation.isSuperseded { return "superseded" }
        return rotation.took.map { "\(PageTime.text($0))" } ?? "in progress"
    }

    private static func heldBack(_ count: Int) -> HTML {
        count == 0 ? "<span>0</span>" : "<span><span class=\"badge held\">\(count) held back</span></span>"
    }

    /// The Secrets that were written, folded.
    private static func secrets(of rotation: Rotation) -> HTML {
        guard !rotation.secrets.isEmpty else { return "" }
        let items = rotation.secrets.map { "<li>\($0.description)</li>" as HTML }
        let others = rotation.written - rotation.secrets.count
        let more: HTML = others > 0 ? "<li>and \(others) more</li>" : ""
        return "<details><summary>Secrets written</summary><ul>\(items)\(more)</ul></details>"
    }

    /// The first three names, and the number of the others.
    private static func names(_ files: [String]) -> HTML {
        let first = files.prefix(3).joined(separator: ", ")
        let more: HTML = files.count > 3 ? " and \(files.count - 3) more" : ""
        return files.isEmpty ? "" : " <small class=\"names\">\(first)\(more)</small>"
    }

    private static let mostCertificates = 50

    var certificates: HTML {
        let shown = overview.certificates.prefix(Self.mostCertificates)
        let rows: [HTML] = shown.map { certificate in
            """
            <tr><td class="state-cell">\(Urgency(certificate.expiresAt, now: overview.now).badge)</td>
            <th scope="row">\(certificate.secret.name) <small>\(certificate.secret.namespace)</small></th>
            <td data-label="Expires">\(PageTime.element(certificate.expiresAt, now: overview.now))</td></tr>

            """
        }
        let all = overview.certificates.count
        let note: HTML = all > shown.count ? "The first \(shown.count) of \(all), by expiry." : "By expiry."
        let table: HTML = """
            <div class="panel"><table><caption>Certificates by expiry</caption><thead><tr>
            <th scope="col">State</th><th scope="col">Secret</th><th scope="col">Expires</th>
            </tr></thead><tbody>
            \(rows)</tbody></table></div>
            """
        let empty: HTML =
            "<p class=\"panel empty\">No Secret of type kubernetes.io/tls has a certificate that can be read.</p>"
        return """
            <section class="list" id="certificates"><h2>Certificates</h2>
            <p>\(note)</p>
            \(rows.isEmpty ? empty : table)
            </section>
            """
    }
}
