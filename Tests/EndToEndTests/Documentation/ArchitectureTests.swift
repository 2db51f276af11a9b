import FoundationEssentials
import Testing

@Suite("docs/architecture.md")
struct ArchitectureTests {
    /// Does not check that the functions call each other.
    @Test("names functions on the way of a rotation that exist, in a file that declares or extends their type")
    func calls() async throws {
        let page = String(decoding: try World.text("docs/architecture.md"), as: UTF8.self)
        let start = try #require(page.firstRange(of: "### The calls\n"))
        let rest = page[start.upperBound...]
        let section = rest[..<(rest.firstRange(of: "\n##")?.lowerBound ?? rest.endIndex)]
        let names = section.matches(of: /`(\w+)\.(\w+)`/).map { (type: String($0.1), function: String($0.2)) }
        #expect(names.count > 25)
        for (type, function) in names {
            let declaration = #"^[^/]*\b(class|struct|enum|actor|protocol|extension) \#(type)\b"#
            let member = function == "init" ? #"^[^/]*\binit\("# : #"^[^/]*\bfunc \#(function)\b"#
            await #expect(throws: Never.self, "\(type).\(function)") {
                try await Command.run([
                    "sh", "-c", #"grep -rlE "$1" "$3" | xargs grep -qE "$2""#, "sh", declaration, member,
                    World.path("Sources"),
                ])
            }
        }
    }
}
