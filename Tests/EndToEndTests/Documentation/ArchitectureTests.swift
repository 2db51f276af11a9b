import FoundationEssentials
import Testing

@Suite("docs/architecture.md")
struct ArchitectureTests {
    @Test("names functions on the way of a rotation that exist in the types that it names")
    func calls() throws {
        let page = String(decoding: try World.text("docs/architecture.md"), as: UTF8.self)
        let start = try #require(page.firstRange(of: "### The calls\n"))
        let section = page[start.upperBound...].prefix { $0 != "#" }
        let names = section.matches(of: /`(\w+)\.(\w+)`/).map { (type: String($0.1), function: String($0.2)) }
        #expect(names.count > 25)
        let files = try SourceFiles.byTarget().joined()
        for (type, function) in names {
            let declaration = try Regex(#"\b(class|struct|enum|actor|protocol|extension) \#(type)\b"#)
            let member = try Regex(function == "init" ? #"\binit\("# : #"\bfunc \#(function)\b"#)
            #expect(files.contains { $0.contains(declaration) && $0.contains(member) }, "\(type).\(function)")
        }
    }
}
