import FoundationEssentials

/// The metric families that docs/metrics.md describes.
package struct DocumentedMetrics: Sendable {
    package struct Family: Sendable, Equatable {
        package let type: String
        /// In no particular order.
        package let labels: Set<String>
    }

    /// Families by name.
    package let families: [String: Family]

    package init() throws {
        let root = String(#filePath.dropLast("Tests/TestSupport/DocumentedMetrics.swift".count))
        let text = try Data(contentsOf: URL(fileURLWithPath: root + "docs/metrics.md"))
        self.init(String(decoding: text, as: UTF8.self))
    }

    /// - Parameter text: Markdown. Table rows that start with a name, a type and labels are read.
    package init(_ text: String) {
        let rows = text.split(separator: "\n").compactMap { line -> (String, Family)? in
            let cells = line.split(separator: "|").map { $0.trimmed(\.isWhitespace) }
            guard line.hasPrefix("| `"), cells.count >= 4, ["counter", "gauge", "histogram"].contains(cells[1]) else {
                return nil
            }
            let labels = cells[2].split(separator: ",").map { $0.trimmed { $0.isWhitespace || $0 == "`" } }
            return (cells[0].trimmed { $0 == "`" }, Family(type: cells[1], labels: Set(labels)))
        }
        families = Dictionary(rows) { first, _ in first }
    }

    package func names() -> Set<String> { Set(families.keys) }

    /// The names of the families' samples, including the suffixes of histograms.
    package func sampleNames() -> Set<String> {
        Set(
            families.flatMap { name, family in
                family.type == "histogram" ? ["_bucket", "_sum", "_count"].map { name + $0 } : [name]
            })
    }

    /// The differences between a text in Prometheus' format and the documentation, in both directions, as sentences.
    package func differences(from exposition: String) -> [String] {
        var served: [String: String] = [:]
        var problems: [String] = []
        for line in exposition.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3).map { String($0) }
            if words.count == 4, words[1] == "TYPE" { served[words[2]] = words[3] }
            if !line.hasPrefix("#") { problems += labelProblems(String(line)) }
        }
        for (name, type) in served where families[name]?.type != type {
            problems.append("\(name) is a \(type), and documented as \(families[name]?.type ?? "nothing")")
        }
        return Set(problems + names().subtracting(served.keys).map { "\($0) is documented, and is not there" }).sorted()
    }

    /// - Parameter sample: one line.
    private func labelProblems(_ sample: String) -> [String] {
        let name = String(sample.prefix { $0 != "{" && $0 != " " })
        let family = families[name] ?? families[String(name.split(separator: "_").dropLast().joined(separator: "_"))]
        guard let family, sample.dropFirst(name.count).first == "{" else { return [] }
        // A label's name is followed by `="`, which no name of a Secret, verb or reason contains.
        let labels = sample.dropFirst(name.count + 1).split(separator: "=\"").dropLast()
            .map { String($0.split { $0 == "," || $0 == "\"" }.last ?? "") }
        return Set(labels).subtracting(family.labels).subtracting(["le"]).map {
            "\(name) has the label \($0), and is documented with \(family.labels.sorted())"
        }
    }
}

extension StringProtocol {
    fileprivate func trimmed(_ isEdge: (Character) -> Bool) -> String {
        let start = firstIndex { !isEdge($0) } ?? endIndex
        let end = lastIndex { !isEdge($0) }.map { index(after: $0) } ?? start
        return String(self[start..<end])
    }
}
