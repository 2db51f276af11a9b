import TestSupport

extension AgentProcess {
    /// The sum of a family's samples at the program's `/metrics`.
    func metric(_ name: String) async throws -> Double {
        guard let port, let answer = await RawClient.get("/metrics", port: port) else {
            throw ProcessUsage.Failure(description: "the program does not respond at /metrics")
        }
        return Self.sum(of: name, answer)
    }

    /// - Parameter text: text in Prometheus' format; it may follow other text.
    static func sum(of name: String, _ text: String) -> Double {
        text.split(whereSeparator: \.isNewline).filter { $0.hasPrefix(name + " ") || $0.hasPrefix(name + "{") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }
}
