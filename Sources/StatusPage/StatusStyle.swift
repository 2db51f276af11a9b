import COpenSSL
import JSON

/// The status page's only style sheet. It is inline, and the Content-Security-Policy allows it by its digest.
enum StatusStyle {
    /// The source expression for the Content-Security-Policy: `'sha256-…'`.
    static let source: String = {
        var sheet = text
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        _ = sheet.withUTF8 { EVP_Digest($0.baseAddress, $0.count, &digest, nil, EVP_sha256(), nil) }
        return "'sha256-\(Base64.encode(digest))'"
    }()

    static let text = """
        :root {
          color-scheme: light dark;
          --ground: #f5f6f8; --surface: #ffffff; --line: #e2e6ec; --line-soft: #eef0f4;
          --text: #1b2230; --muted: #586174; --link: #1f55c4;
          --ok: #0b6640; --ok-soft: #e2f4ea; --ok-strong: #22a06b;
          --held: #7d4a00; --held-soft: #fdf1d8; --held-strong: #e09a18;
          --bad: #a3201d; --bad-soft: #fdeaea; --bad-strong: #d9423d;
          --quiet: #4d5668; --quiet-soft: #eceff4; --quiet-strong: #9aa5b8;
          --shadow: 0 1px 2px rgb(20 30 50 / .05), 0 1px 1px rgb(20 30 50 / .03);
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #0e1217; --surface: #161b22; --line: #29313c; --line-soft: #1f262f;
            --text: #e5e9f0; --muted: #9ba7b8; --link: #8ab4ff;
            --ok: #74dba4; --ok-soft: #11301f; --ok-strong: #2fb477;
            --held: #f4c06a; --held-soft: #352708; --held-strong: #d9972a;
            --bad: #ffa29c; --bad-soft: #3d1819; --bad-strong: #e5605a;
            --quiet: #b3bdcc; --quiet-soft: #232b36; --quiet-strong: #66738a;
            --shadow: none;
          }
        }
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; }
        body {
          margin: 0; background: var(--ground); color: var(--text);
          font: 15px/1.5 Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
          font-feature-settings: "tnum", "cv05"; overflow-wrap: anywhere;
        }
        h1, h2, h3, p, ul, dl, dd, table { margin: 0; padding: 0; }
        ul { list-style: none; }
        a { color: var(--link); text-decoration: none; }
        a:hover { text-decoration: underline; }
        a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 4px; }
        code { font: .92em/1.4 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
        small { color: var(--muted); font-size: 13px; }
        header, main, footer { max-width: 1160px; margin: 0 auto; padding: 0 24px; }

        header { padding-top: 28px; }
        .brand { display: flex; flex-wrap: wrap; gap: 4px 16px; justify-content: space-between; color: var(--muted); font-size: 13px; }
        .brand strong { color: var(--text); font-weight: 600; }
        .state { display: flex; flex-wrap: wrap; align-items: center; gap: 10px 18px; margin: 22px 0 4px; }
        h1 { display: flex; align-items: center; gap: 14px; font-size: 32px; line-height: 1.2; font-weight: 650; letter-spacing: -.022em; }
        h1::before { content: ""; width: 14px; height: 14px; border-radius: 50%; background: var(--ok-strong); box-shadow: 0 0 0 5px var(--ok-soft); }
        .unready h1::before { background: var(--bad-strong); box-shadow: 0 0 0 5px var(--bad-soft); border-radius: 3px; }
        .marks { display: flex; flex-wrap: wrap; gap: 6px; }
        .lead { color: var(--muted); font-size: 16px; }
        .why { margin-top: 14px; padding: 12px 16px; border-radius: 10px; background: var(--bad-soft); color: var(--bad); }
        .why li + li { margin-top: 4px; }

        .badge {
          display: inline-flex; align-items: center; gap: 7px; padding: 2px 10px 2px 8px; border-radius: 999px;
          font-size: 13px; font-weight: 550; line-height: 20px; white-space: nowrap;
          color: var(--quiet); background: var(--quiet-soft);
        }
        .badge::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: var(--quiet-strong); }
        .ok { color: var(--ok); background: var(--ok-soft); }
        .ok::before { background: var(--ok-strong); }
        .held { color: var(--held); background: var(--held-soft); }
        .held::before { background: var(--held-strong); border-radius: 1px; transform: rotate(45deg); }
        .bad { color: var(--bad); background: var(--bad-soft); }
        .bad::before { background: var(--bad-strong); border-radius: 1px; }

        .cards { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 16px; margin: 26px 0 8px; }
        .card, .panel { background: var(--surface); border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--shadow); }
        .card { padding: 16px 18px 18px; min-width: 0; }
        .card h2 a { color: inherit; }
        .card code { font-size: 11.5px; }
        .card li { font-size: 13px; }
        .card h2 { font-size: 13px; font-weight: 550; color: var(--muted); letter-spacing: 0; }
        .big { margin: 6px 0 4px; font-size: 24px; line-height: 1.25; font-weight: 620; letter-spacing: -.018em; }
        .big small { font-size: 15px; font-weight: 450; letter-spacing: 0; }
        .card p:not(.big) { font-size: 13px; color: var(--muted); }
        .card p + p.note { margin-top: 8px; }
        .card .note { padding: 6px 10px; border-radius: 8px; }
        .card p.note.held { color: var(--held); }
        .card p.note.bad { color: var(--bad); }
        .bar { display: block; width: 100%; height: 8px; margin: 8px 0; border-radius: 4px; background: var(--quiet-soft); }
        .bar .ok { fill: var(--ok-strong); } .bar .held { fill: var(--held-strong); }
        .bar .bad { fill: var(--bad-strong); } .bar .quiet { fill: var(--quiet-strong); }

        section.list { margin-top: 34px; }
        .list > h2 { font-size: 19px; font-weight: 620; letter-spacing: -.012em; }
        .list > p { color: var(--muted); font-size: 14px; }
        .search { display: flex; gap: 6px; margin-top: 10px; }
        .search input[type=search] { flex: 1 1 auto; min-width: 0; max-width: 420px; padding: 4px 12px; border: 1px solid var(--line); border-radius: 8px; background: var(--surface); color: var(--text); font: inherit; font-size: 14px; }
        .search button { padding: 4px 14px; border: 1px solid var(--line); border-radius: 8px; background: var(--surface); color: var(--text); font: inherit; font-size: 14px; cursor: pointer; }
        .search :focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
        .filter { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 10px; }
        .filter a { padding: 3px 12px; border: 1px solid var(--line); border-radius: 999px; background: var(--surface); color: var(--muted); font-size: 13px; line-height: 20px; }
        .filter a:hover { text-decoration: none; border-color: var(--quiet-strong); color: var(--text); }
        .filter a[aria-current] { background: var(--text); border-color: var(--text); color: var(--surface); }
        .filter b { font-weight: 600; }
        .panel { margin-top: 12px; overflow: hidden; }
        table { width: 100%; border-collapse: collapse; }
        caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
        th, td { padding: 9px 16px; text-align: left; vertical-align: top; border-top: 1px solid var(--line-soft); }
        thead th { padding: 9px 16px; border-top: 0; font-size: 12.5px; font-weight: 550; color: var(--muted); white-space: nowrap; border-bottom: 1px solid var(--line); }
        tbody tr:first-child > * { border-top: 0; }
        tbody th { font-weight: 550; }
        tbody th small { display: block; font-weight: 450; }
        td.state-cell, thead th:first-child { width: 178px; }
        td code { font-size: 12.5px; }
        .number { text-align: right; white-space: nowrap; }
        .message { color: var(--muted); font-size: 14px; }
        tr.off .message { color: var(--text); }
        time { font-variant-numeric: tabular-nums; }
        time b { font-weight: 500; }
        #rotations tbody th { font-weight: 400; }
        td time b, td time small, th time b, th time small, .names { display: block; white-space: nowrap; }
        .names { white-space: normal; }
        .empty { padding: 30px 20px; text-align: center; color: var(--muted); }
        .pages { display: flex; gap: 20px; justify-content: center; margin-top: 14px; font-size: 14px; }
        footer { margin-top: 36px; padding-bottom: 40px; color: var(--muted); font-size: 13px; }

        @media (min-width: 761px) { #distributions tbody th, #distributions td[data-label="Secret"] { width: 18%; } }
        @media (min-width: 1100px) { td code { white-space: nowrap; } }
        @media (max-width: 980px) { .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
        @media (max-width: 760px) {
          header, main, footer { padding-left: 16px; padding-right: 16px; }
          h1 { font-size: 27px; }
          thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
          table, tbody, th, td { display: block; width: auto; }
          tbody tr { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 3px 16px; padding: 13px 16px; border-top: 1px solid var(--line); }
          tbody tr:first-child { border-top: 0; }
          tbody th, tbody td { grid-column: 1 / -1; padding: 0; border: 0; text-align: left; white-space: normal; }
          tbody td.state-cell { grid-column: 2; grid-row: 1; width: auto; text-align: right; }
          .state-cell + th { grid-column: 1; grid-row: 1; }
          tbody td[data-label] { display: grid; grid-template-columns: 76px minmax(0, 1fr); gap: 10px; }
          tbody td[data-label]::before { content: attr(data-label); color: var(--muted); font-size: 13px; line-height: 22px; }
          tbody td.number { grid-column: auto; }
          #distributions tr:not(.off) .message { display: none; }
          td code { white-space: normal; }
        }
        @media (max-width: 520px) { .cards { grid-template-columns: minmax(0, 1fr); gap: 12px; } }
        """
}
