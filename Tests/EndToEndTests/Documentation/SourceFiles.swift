import FoundationEssentials

/// The Swift files of the program, as text.
enum SourceFiles {
    /// The files of each target, without comment lines.
    static func byTarget() throws -> [[String]] {
        let root = World.path("Sources")
        let files = try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0.hasSuffix(".swift") }
        let targets = Dictionary(grouping: files) { $0.prefix { $0 != "/" } }
        return try targets.values.map { files in
            try files.map { file in
                let text = String(decoding: try World.text("Sources/\(file)"), as: UTF8.self)
                return text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
                    .joined(separator: "\n")
            }
        }
    }
}
