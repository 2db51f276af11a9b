/// A measured figure: one value for each run, with the reference of the same run.
struct Figure: Codable, Sendable {
    /// Dots separate the parts, from general to specific: `rotation.all`, `memory.anonymous`.
    let id: String
    /// A readable title: "last Secret written after a rotation that feeds all".
    let title: String
    /// The number of distributions; nil if the figure does not depend on it.
    let distributions: Int?
    let unit: Unit
    let runs: [Run]
    /// The required limit; nil if there is none.
    let bar: Bar?
    /// What a reader must know: for example what the reference is, or why a bar was missed.
    let note: String?

    init(
        _ id: String, _ title: String, distributions: Int? = nil, unit: Unit, runs: [Run], bar: Bar? = nil,
        note: String? = nil
    ) {
        self.id = id
        self.title = title
        self.distributions = distributions
        self.unit = unit
        self.runs = runs
        self.bar = bar
        self.note = note
    }

    /// The first word of the id, which names the section of the page: `rotation` of `rotation.all`.
    var section: String { id.split(separator: ".").first.map(String.init) ?? id }

    /// What tells the figure from all others.
    var key: Key { Key(id: id, distributions: distributions) }

    struct Key: Hashable {
        let id: String
        let distributions: Int?
    }

    enum Unit: String, Codable, Sendable {
        case seconds, bytes, count, perHour = "1/h", bytesPerHour = "bytes/h"
        /// Of one core: 0.0005 is 0.05 %.
        case cores
    }

    /// In the figure's unit.
    struct Run: Codable, Sendable {
        let value: Double
        /// The value of the reference in the same run.
        var reference: Double?
    }

    enum Bar: Codable, Sendable {
        /// The value itself.
        case atMost(Double)
        /// The value divided by its reference.
        case ratioAtMost(Double)
        /// The value minus its reference.
        case excessAtMost(Double)
    }
}
