/// The words that the API server puts before the message of an admission webhook or policy. They name the webhook or
/// policy.
enum AdmissionFrame {
    /// The parts of each introduction. Between two parts is a name from the configuration of the cluster.
    private static let refusals = [
        ["admission webhook \"", "\" denied the request"],
        ["ValidatingAdmissionPolicy '", "' with binding '", "' denied request"],
    ].map { $0.map { Array($0.utf8) } }
    private static let failures = [["failed calling webhook \"", "\""].map { Array($0.utf8) }]

    private static let failure = Array("Internal error occurred: ".utf8)
    private static let forbidden = Array("\" is forbidden: ".utf8)

    /// Whether the message says that a webhook could not be called, so that nothing was stored.
    static func isFailure(_ message: String) -> Bool {
        message.utf8.starts(with: failure + Array("failed calling webhook".utf8))
    }

    /// Whether the message says that a webhook or policy denied the request, so that nothing was stored. The webhook or
    /// policy can choose the status code of the response.
    static func isRefusal(_ message: String) -> Bool {
        let text = Array(message.utf8)
        let start = endOfObject(in: text)
        return refusals.contains { end(of: $0, in: text, from: start) != nil }
    }

    /// The number of bytes of the introduction at the start of a message; 0 if there is none.
    static func length(in text: [UInt8]) -> Int {
        let start = text.starts(with: failure) ? failure.count : endOfObject(in: text)
        return (refusals + failures).compactMap { end(of: $0, in: text, from: start) }.first ?? 0
    }

    /// The end of `secrets "name" is forbidden: ` at the start of a message; 0 if it does not start like that.
    private static func endOfObject(in text: [UInt8]) -> Int {
        guard let quote = text.firstIndex(of: UInt8(ascii: "\"")),
            let end = text[(quote + 1)...].firstIndex(of: UInt8(ascii: "\"")), text[end...].starts(with: forbidden),
            !text[..<end].dropLast(end - quote + 1).contains(UInt8(ascii: " "))
        else { return 0 }
        return end + forbidden.count
    }

    private static func end(of frame: [[UInt8]], in text: [UInt8], from start: Int) -> Int? {
        var place = start
        for (index, words) in frame.enumerated() {
            if index > 0 {
                let quotes = Array("\"'".utf8)
                place = text[place...].firstIndex(where: quotes.contains) ?? text.endIndex
            }
            guard text[place...].starts(with: words) else { return nil }
            place += words.count
        }
        return place
    }
}
