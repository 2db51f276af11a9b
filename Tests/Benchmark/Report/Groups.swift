/// The figures with one id, for several numbers of distributions.
struct Group {
    let id: String
    let title: String
    let figures: [Figure]

    var section: String { figures.first?.section ?? id }

    func figure(_ count: Int?) -> Figure? { figures.first { $0.distributions == count } }

    /// The values that exist, in ascending order of the number of distributions.
    func points(_ value: (Figure) -> Double?) -> [(x: Double, y: Double)] {
        figures.compactMap { figure in
            figure.distributions.flatMap { count in value(figure).map { (x: Double(count), y: $0) } }
        }.sorted { $0.x < $1.x }
    }
}

struct Groups {
    /// In the order in which their ids first appear; their figures by number of distributions.
    let all: [Group]

    init(_ figures: [Figure]) {
        var order: [String] = []
        var found: [String: [Figure]] = [:]
        for figure in figures {
            if found[figure.id] == nil { order.append(figure.id) }
            found[figure.id, default: []].append(figure)
        }
        all = order.compactMap { id in
            found[id].map { figures in
                let sorted = figures.sorted { ($0.distributions ?? 0) < ($1.distributions ?? 0) }
                return Group(id: id, title: figures.last?.title ?? id, figures: sorted)
            }
        }
    }
}
