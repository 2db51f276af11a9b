extension Figure {
    /// A line of output during the benchmark: all runs, each with its reference.
    var line: String {
        let values = runs.map { run in "\(rounded(run.value))" + (run.reference.map { " (\(rounded($0)))" } ?? "") }
        let count = distributions.map { " at \($0)" } ?? ""
        return "\(id)\(count): \(values.joined(separator: ", ")) \(unit.rawValue)"
    }

    /// To the microsecond.
    private func rounded(_ value: Double) -> Double { (value * 1e6).rounded() / 1e6 }
}
