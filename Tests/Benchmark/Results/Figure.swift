/// What was measured, once a run, with what it is compared with in the same run.
struct Figure: Codable, Sendable {
    /// Dots from the general to the particular: `rotation.all`, `memory.anonymous`.
    let id: String
    /// What it is, for people: "last Secret written after a rotation that feeds all".
    let title: String
    /// How many distributions there were; nil if it does not depend on them.
    let distributions: Int?
    let unit: Unit
    let runs: [Run]
    /// Where it ought to be; nil if it is only told.
    let bar: Bar?
    /// What one has to know to read it: what the reference is, why a bar was missed.
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

    enum Unit: String, Codable, Sendable {
        case seconds, bytes, count, perHour = "1/h", bytesPerHour = "bytes/h"
        /// Of one core: 0.0005 is 0.05 %.
        case cores
    }

    /// In the figure's unit.
    struct Run: Codable, Sendable {
        let value: Double
        /// What the same run gave for what it is compared with.
        var reference: Double?
    }

    enum Bar: Codable, Sendable {
        /// The value itself.
        case atMost(Double)
        /// The value divided by its reference.
        case ratioAtMost(Double)
        /// The value less its reference.
        case excessAtMost(Double)
    }
}
