/// How the API server introduces what an admission webhook or policy says: it names who refused.
enum AdmissionFrame {
    /// Its words; between two of them stands a name of the cluster's configuration.
    private static let refusals = [
        ["admission webhook \"", "\" denied the request"],
        ["ValidatingAdmissionPolicy '", "' with binding '", "' denied request"],
    ].map { $0.map { Array($0.utf8) } }
    private static let failures = [["failed calling webhook \"", "\""].map { Array($0.utf8) }]

    private static let failure = Array("Internal error occurred: ".utf8)
    private static let forbidden = Array("\" is forbidden: ".utf8)

    /// Whether the message says that a webhook could not be asked, so that nothing was stored.
    static func isFailure(_ message: String) -> Bool {
        message.utf8.starts(with: failure + Array("failed calling webhook".utf8))
    }

    /// Whether the message says that a webhook or policy denied the request, so that nothing was stored. It may choose the
    /// code of the answer.
    static func isRefusal(_ message: String) -> Bool {
        let text = Array(message.utf8)
        let start = endOfObject(in: text)
        return refusals.contains { end(of: $0, in: text, from: start) != nil }
    }

    /// Bytes at the start of a message that are the server's own words and names; 0 if it does not start like that.
    static func length(in text: [UInt8]) -> Int {
        let start = text.starts(with: failure) ? failure.count : endOfObject(in: text)
        return (refusals + failures).compactMap { end(of: $0, in: text, from: start) }.first ?? 0
    }

    /// Of `secrets "name" is forbidden: `; 0 if there is no such.
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
