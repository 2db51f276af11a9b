import CLibYAML

/// Writes YAML with libyaml's emitter: block style, two spaces, no folded lines.
package enum YAMLEmitter {
    /// The text of one document, with a newline at the end.
    ///
    /// - Throws: `.emitter` if libyaml fails.
    package static func emit(_ value: YAMLValue) throws(YAMLError) -> [UInt8] {
        let emitter = try Emitter()
        try emitter.send(streamStart: true)
        try emitter.send { yaml_document_start_event_initialize(&$0, nil, nil, nil, 1) }
        try emitter.write(value)
        try emitter.send { yaml_document_end_event_initialize(&$0, 1) }
        try emitter.send(streamStart: false)
        return emitter.output
    }

    /// Whether every reader reads `text` without quotes as a string. YAML 1.1 reads many words as numbers, dates or
    /// booleans, so only words that start with a letter or a slash are written without quotes.
    static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first) || first == UInt8(ascii: "/") else { return false }
        let isWord = text.utf8.allSatisfy { isLetter($0) || "0123456789-._/+=".utf8.contains($0) }
        return isWord && YAMLScalar(plain: text) == .string(text)
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}

/// Owns libyaml's emitter and its output.
private final class Emitter {
    private let emitter = UnsafeMutablePointer<yaml_emitter_t>.allocate(capacity: 1)
    private(set) var output: [UInt8] = []

    init() throws(YAMLError) {
        guard yaml_emitter_initialize(emitter) == 1 else {
            // A failed initialization has already released its memory.
            emitter.initialize(to: yaml_emitter_t())
            throw YAMLError(.emitter("out of memory"), line: 0, column: 0)
        }
        yaml_emitter_set_unicode(emitter, 1)
        yaml_emitter_set_width(emitter, -1)
        // libyaml calls back only from within `send`, while `self` is alive.
        yaml_emitter_set_output(
            emitter,
            { context, bytes, count in
                guard let context else { return 0 }
                let owner = Unmanaged<Emitter>.fromOpaque(context).takeUnretainedValue()
                owner.output += UnsafeBufferPointer(start: bytes, count: count)
                return 1
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        yaml_emitter_delete(emitter)
        emitter.deallocate()
    }

    func write(_ value: YAMLValue) throws(YAMLError) {
        switch value {
        case .mapping(let entries):
            try send { yaml_mapping_start_event_initialize(&$0, nil, nil, 1, YAML_BLOCK_MAPPING_STYLE) }
            for entry in entries {
                try write(.string(entry.key))
                try write(entry.value)
            }
            try send { yaml_mapping_end_event_initialize(&$0) }
        case .sequence(let elements):
            try send { yaml_sequence_start_event_initialize(&$0, nil, nil, 1, YAML_BLOCK_SEQUENCE_STYLE) }
            for element in elements { try write(element) }
            try send { yaml_sequence_end_event_initialize(&$0) }
        case .string(let text): try write(text, isPlain: YAMLEmitter.isPlain(text))
        case .literal(let text): try write(text, YAML_LITERAL_SCALAR_STYLE)
        case .plain(let text): try write(text, isPlain: true)
        case .int(let number): try write(String(number), isPlain: true)
        case .bool(let flag): try write(flag ? "true" : "false", isPlain: true)
        case .null: try write("null", isPlain: true)
        }
    }

    private func write(_ text: String, isPlain: Bool) throws(YAMLError) {
        try write(text, isPlain ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE)
    }

    private func write(_ text: String, _ style: yaml_scalar_style_t) throws(YAMLError) {
        let bytes = Array(text.utf8)
        try send { yaml_scalar_event_initialize(&$0, nil, nil, bytes, Int32(bytes.count), 1, 1, style) }
    }

    func send(streamStart: Bool) throws(YAMLError) {
        try send {
            streamStart
                ? yaml_stream_start_event_initialize(&$0, YAML_UTF8_ENCODING) : yaml_stream_end_event_initialize(&$0)
        }
    }

    /// Sends one event. `yaml_emitter_emit` takes ownership of the event, even if it fails.
    func send(_ initialize: (inout yaml_event_t) -> Int32) throws(YAMLError) {
        var event = yaml_event_t()
        guard initialize(&event) == 1, yaml_emitter_emit(emitter, &event) == 1 else {
            let problem = emitter.pointee.problem.map { String(cString: $0) } ?? "out of memory"
            throw YAMLError(.emitter(problem), line: 0, column: 0)
        }
    }
}
