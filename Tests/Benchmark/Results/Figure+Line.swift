extension Figure {
    /// For the eyes of who waits: all runs, and what each is compared with.
    var line: String {
        let values = runs.map { run in "\(rounded(run.value))" + (run.reference.map { " (\(rounded($0)))" } ?? "") }
        let count = distributions.map { " at \($0)" } ?? ""
        return "\(id)\(count): \(values.joined(separator: ", ")) \(unit.rawValue)"
    }

    /// To the microsecond.
    private func rounded(_ value: Double) -> Double { (value * 1e6).rounded() / 1e6 }
}
