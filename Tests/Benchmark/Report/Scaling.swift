/// How a figure grows with the number of distributions.
struct Scaling {
    let id: String
    let title: String
    let unit: Figure.Unit
    let few: (count: Int, value: Double)
    let many: (count: Int, value: Double)

    /// Figures that must not depend on the number of distributions: those of a rotation of one file that feeds one
    /// Secret.
    static let independent = ["rotation.one", "requests.one", "latency.p50"]
    /// The factor by which such a figure may grow because of noise.
    static let noise = 1.25

    /// Compares figures for 100 distributions and more; nil if there are fewer than two.
    init?(_ figures: [Figure]) {
        let points = figures.compactMap { figure in
            figure.distributions.flatMap { count in figure.value.map { (count: count, value: $0) } }
        }.filter { $0.count >= 100 }.sorted { $0.count < $1.count }
        guard let first = figures.first, let few = points.first, let many = points.last, few.count < many.count else {
            return nil
        }
        (id, title, unit, self.few, self.many) = (first.id, first.title, first.unit, few, many)
    }

    /// The factor by which the number of distributions grows.
    var steps: Double { Double(many.count) / Double(few.count) }

    /// The factor by which the figure grows; nil if it was 0 and is not any more, so that the growth is unknown.
    var growth: Double? { few.value > 0 ? many.value / few.value : many.value > 0 ? nil : 1 }

    var isIndependent: Bool { Self.independent.contains { id == $0 || id.hasPrefix($0 + ".") } }

    /// Linear or better, to a hundredth; independent figures must stay constant. Nil: unknown.
    var isGood: Bool? {
        if isIndependent { return growth.map { $0 <= Self.noise } ?? false }
        return growth.map { $0 <= steps * 1.01 }
    }

    var outcome: String {
        switch isGood {
        case true?: isIndependent ? "independent" : "linear or better"
        case false?: isIndependent ? "**grows**" : "**worse than linear**"
        case nil: "0 at few: unknown"
        }
    }
}
