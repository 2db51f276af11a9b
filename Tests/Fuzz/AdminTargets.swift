@testable import Admin
@testable import StatusPage

enum AdminTargets {
    /// Every request path has a route or none, and a selection on the status page is within its limits and has a link
    /// that leads to it.
    static let route: Fuzz.Target = { bytes in
        let target = Fuzz.text(bytes)
        guard let route = Route(target: target) else { return }
        Fuzz.require(target.utf8.first == UInt8(ascii: "/"), "a path is absolute")
        guard case .status(let query) = route else { return }
        let selection = StatusSelection(query)
        Fuzz.require((1...999_999).contains(selection.page), "a page's number is bounded")
        let link = selection.link
        Fuzz.require(
            link.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"<>\"'\\".utf8.contains($0) }, "a link is harmless")
        var linked: StatusSelection?
        if case .status(let query) = Route(target: link == "./" ? "/" : "/" + link) { linked = StatusSelection(query) }
        Fuzz.require(linked == selection, "a link leads to its selection")
    }

    /// Text in a page stays text, on one line, and keeps its meaning.
    static let html: Fuzz.Target = { bytes in
        let text = Fuzz.text(bytes)
        let page: HTML = "\(text)"
        Fuzz.require(
            !page.text.utf8.contains { "<>\"'".utf8.contains($0) }, "text opens no element and ends no attribute")
        Fuzz.require(Fuzz.isOneLine(page.text), "text is visible, on one line")
        let names = ["&lt;": "<", "&gt;": ">", "&quot;": "\"", "&#39;": "'"]
        var read = page.text.unicodeScalars.split(separator: "&", omittingEmptySubsequences: false).map { String($0) }
        for index in read.indices.dropFirst() {
            let entity = "&" + String(read[index].unicodeScalars.prefix { $0 != ";" }) + ";"
            let rest = String(String.UnicodeScalarView(read[index].unicodeScalars.drop { $0 != ";" }.dropFirst()))
            Fuzz.require(entity == "&amp;" || names[entity] != nil, "an ampersand starts one of our entities")
            read[index] = (names[entity] ?? "&") + rest
        }
        Fuzz.require(Array(read.joined().utf8) == Array(text.onOneLine.utf8), "text is kept")
    }
}
