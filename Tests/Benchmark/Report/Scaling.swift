/// How a figure grows with the number of distributions.
struct Scaling {
    let id: String
    let title: String
    let unit: Figure.Unit
    let few: (count: Int, value: Double)
    let many: (count: Int, value: Double)

    /// What must not depend on the number of distributions: a rotation of one file that feeds one Secret.
    static let independent = ["rotation.one", "requests.one", "latency.p50"]
    /// What such a figure may differ by, for noise.
    static let noise = 1.25

    /// From 100 on, as far as there are figures; nil if there are not two.
    init?(_ figures: [Figure]) {
        let points = figures.compactMap { figure in
            figure.distributions.flatMap { count in figure.value.map { (count: count, value: $0) } }
        }.filter { $0.count >= 100 }.sorted { $0.count < $1.count }
        guard let first = figures.first, let few = points.first, let many = points.last, few.count < many.count else {
            return nil
        }
        (id, title, unit, self.few, self.many) = (first.id, first.title, first.unit, few, many)
    }

    /// How many times as many distributions there are.
    var steps: Double { Double(many.count) / Double(few.count) }

    /// How many times as large the figure is; nil if it was 0 and is not any more: how it grows is not known then.
    var growth: Double? { few.value > 0 ? many.value / few.value : many.value > 0 ? nil : 1 }

    var isIndependent: Bool { Self.independent.contains { id == $0 || id.hasPrefix($0 + ".") } }

    /// Linear or better, to a hundredth; what is independent stays as it is. Nil: not known.
    var isGood: Bool? {
        if isIndependent { return growth.map { $0 <= Self.noise } ?? false }
        return growth.map { $0 <= steps * 1.01 }
    }

    var outcome: String {
        switch isGood {
        case true?: isIndependent ? "independent" : "linear or better"
        case false?: isIndependent ? "**grows**" : "**worse than linear**"
        case nil: "none at few: not known"
        }
    }
}
