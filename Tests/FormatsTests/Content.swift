import Snapshots
import Testing

@testable import Formats

/// Calls a parser with the bytes of a text or an array.
func read<Content: Sequence<UInt8>, Value>(
    _ content: Content, _ body: (UnsafeRawBufferPointer) throws(FormError) -> Value
) throws(FormError) -> Value {
    try Array(content).withUnsafeBufferPointer { (bytes) throws(FormError) in
        try body(UnsafeRawBufferPointer(bytes))
    }
}

/// The description of the error that a body throws; nil if it throws none.
func failure(_ body: () throws(FormError) -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return error.description
    }
}

extension SecretBytes {
    var array: [UInt8] { withUnsafeBytes { Array($0) } }

    var text: String { String(decoding: array, as: UTF8.self) }
}

/// A key and its value, as text.
struct Entry: Equatable, CustomStringConvertible {
    let key: String
    let value: String

    init(_ key: String, _ value: String) {
        self.key = key
        self.value = value
    }

    init(_ entry: (key: String, value: SecretBytes)) { self.init(entry.key, entry.value.text) }

    var description: String { "\(key)=\(value)" }
}

extension TemplateText {
    func render(maximumSize: Int, _ value: (String) -> SecretBytes) throws(FormError) -> SecretBytes {
        var filterInput = 0
        return try render(maximumSize: maximumSize, filterInput: &filterInput, value)
    }
}
