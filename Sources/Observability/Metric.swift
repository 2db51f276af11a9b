/// A metric family with its values at the time of a scrape.
package struct Metric: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    package enum Value: Sendable, Equatable {
        case number(Double)
        case histogram(Histogram)
    }

    package struct Sample: Sendable, Equatable {
        package var labels: [Label]
        package var value: Value
    }

    package struct Label: Sendable, Equatable {
        package var name: String
        package var value: String
    }

    package let name: String
    /// The help text, one sentence.
    package let help: String
    package let kind: Kind
    package private(set) var samples: [Sample] = []

    package init(_ kind: Kind, _ name: String, _ help: String) {
        self.kind = kind
        self.name = name
        self.help = help
    }

    package mutating func add(_ value: Value, _ labels: KeyValuePairs<String, String> = [:]) {
        samples.append(Sample(labels: labels.map { Label(name: $0.key, value: $0.value) }, value: value))
    }

    /// Creates a family with one sample and no labels.
    package init(_ kind: Kind, _ name: String, _ help: String, _ value: Double) {
        self.init(kind, name, help)
        add(.number(value))
    }

    /// Creates a gauge that is 1 for true and 0 for false.
    package init(_ name: String, _ help: String, _ value: Bool) {
        self.init(.gauge, name, help, value ? 1 : 0)
    }

    package init(_ name: String, _ help: String, _ histogram: Histogram) {
        self.init(.histogram, name, help)
        add(.histogram(histogram))
    }

    /// Creates a family with labelled samples.
    package init(
        _ kind: Kind, _ name: String, _ help: String,
        by samples: [(labels: KeyValuePairs<String, String>, value: Double)]
    ) {
        self.init(kind, name, help)
        for sample in samples { add(.number(sample.value), sample.labels) }
    }
}
