import FoundationEssentials
import TestSupport

/// One run of h2load(1): the same request to many addresses over one connection.
struct LoadRun: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// A request with a response.
    struct Answer: Equatable, Sendable {
        /// Microseconds since 1970.
        let startedAt: Int
        let status: Int
        /// Seconds until the response was complete.
        let latency: Double

        /// Parses a line of h2load's log: three numbers, separated by tabs.
        init?(line: some StringProtocol) {
            let fields = line.split(separator: "\t").compactMap { Int($0) }
            guard fields.count == 3 else { return nil }
            (startedAt, status, latency) = (fields[0], fields[1], Double(fields[2]) / 1_000_000)
        }
    }

    /// Oldest first.
    let answers: [Answer]

    /// Seconds from the first request to the last response.
    var seconds: Double {
        guard let first = answers.first else { return 0 }
        let end = answers.map { Double($0.startedAt - first.startedAt) / 1_000_000 + $0.latency }.max() ?? 0
        return end
    }

    /// - Parameter log: the content of h2load's log file.
    /// - Throws: if any of `count` requests got no response, or a response without success.
    init(log: String, expecting count: Int) throws(Failure) {
        answers = log.split(separator: "\n").compactMap { Answer(line: $0) }.sorted { $0.startedAt < $1.startedAt }
        let good = answers.count { (200..<300).contains($0.status) }
        guard good == count else {
            let others = Set(answers.map(\.status)).filter { !(200..<300).contains($0) }.sorted()
            throw Failure(
                description: "h2load: \(good) of \(count) requests succeeded; the others' status codes: \(others)")
        }
    }

    /// - Parameters:
    ///   - addresses: a file with one URI per line; each gets one request, again from the first if there are more
    ///     requests.
    ///   - width: the number of concurrent requests.
    static func run(
        _ method: String, addresses: String, count: Int, body: [UInt8], type: String, token: String, width: Int
    ) async throws -> LoadRun {
        let folder = try TemporaryDirectory()
        try writeFile(folder("body"), body)
        let run = try await ToolRun.run([
            "h2load", "--requests", "\(count)", "--clients", "1", "--threads", "1",
            "--max-concurrent-streams", "\(width)", "--input-file", addresses, "--data", folder("body"),
            "--header", ":method: \(method)", "--header", "content-type: \(type)",
            "--header", "authorization: Bearer \(token)", "--log-file", folder("log"),
        ])
        guard run.status == 0 else { throw Failure(description: "h2load: status \(run.status): \(run.errors)") }
        guard run.output.contains("Application protocol: h2\n") else {
            throw Failure(description: "h2load: expected HTTP/2, which the program uses; got: \(run.output)")
        }
        let log = try Data(contentsOf: URL(fileURLWithPath: folder("log")))
        return try LoadRun(log: String(decoding: log, as: UTF8.self), expecting: count)
    }
}
