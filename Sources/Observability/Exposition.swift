/// Encodes metrics in Prometheus' text format, version 0.0.4 ("Exposition formats" in Prometheus' documentation).
package enum Exposition {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// A family without samples still has its HELP and TYPE lines, so that readers can see that it exists.
    package static func text(_ metrics: [Metric]) -> String {
        var text = ""
        for metric in metrics {
            text += "# HELP \(metric.name) "
            text += metric.help.escaped { $0 == "\"" ? nil : replacement($0) }
            text += "\n# TYPE \(metric.name) \(metric.kind.rawValue)\n"
            for sample in metric.samples { append(sample, of: metric.name, to: &text) }
        }
        return text
    }

    private static func append(_ sample: Metric.Sample, of name: String, to text: inout String) {
        switch sample.value {
        case .number(let value): line(name, sample.labels, number(value), to: &text)
        case .histogram(let histogram):
            var atMost = 0
            for (bound, count) in zip(histogram.bounds, histogram.counts) {
                atMost += count
                let labels = sample.labels + [.init(name: "le", value: number(bound))]
                line(name + "_bucket", labels, String(atMost), to: &text)
            }
            let all = String(histogram.count)
            line(name + "_bucket", sample.labels + [.init(name: "le", value: "+Inf")], all, to: &text)
            line(name + "_sum", sample.labels, number(histogram.sum), to: &text)
            line(name + "_count", sample.labels, all, to: &text)
        }
    }

    private static func line(_ name: String, _ labels: [Metric.Label], _ value: String, to text: inout String) {
        text += name
        for (index, label) in labels.enumerated() {
            text += "\(index == 0 ? "{" : ",")\(label.name)=\"\(label.value.escaped(replacement))\""
        }
        text += "\(labels.isEmpty ? "" : "}") \(value)\n"
    }

    /// A number that Go's `strconv.ParseFloat` can parse. Whole numbers have no fraction, as in Prometheus' own
    /// libraries: the bound of a bucket is a label, which is compared as text.
    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map { String($0) } ?? "\(value)"
    }

    private static func replacement(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "\\", "\"": "\\\(scalar)"
        case "\n": "\\n"
        default: nil
        }
    }
}
