import CLibYAML

/// An event of libyaml's parser as a Swift value.
enum YAMLEvent {
    case documentStart
    case documentEnd
    case streamEnd
    case alias(String)
    case scalar(String, isPlain: Bool, Properties)
    case sequenceStart(Properties)
    case sequenceEnd
    case mappingStart(Properties)
    case mappingEnd

    /// The properties before a node: `&anchor !tag`.
    struct Properties {
        var anchor: String?
        var tag: String?
        /// For a scalar: written as a block literal.
        var isLiteral = false
    }

    /// A place in the file. Lines and columns start at 1.
    struct Place {
        var line: Int
        var column: Int
    }
}

/// Reads the events of libyaml's parser from bytes that it does not copy.
struct YAMLEventReader: ~Copyable {
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private let input: UnsafeBufferPointer<UInt8>
    /// The number of lines before `input` in the file.
    private let linesBefore: Int

    /// - Parameter input: must outlive the reader.
    /// - Throws: `.syntax` if there is not enough memory.
    init(_ input: UnsafeBufferPointer<UInt8>, linesBefore: Int) throws(YAMLError) {
        self.input = input
        self.linesBefore = linesBefore
        guard yaml_parser_initialize(parser) == 1 else {
            // A failed initialization has already released its memory.
            parser.initialize(to: yaml_parser_t())
            throw YAMLError(.syntax("out of memory"), line: 0, column: 0)
        }
        yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// False for UTF-16, which libyaml detects by its byte order mark.
    var isUTF8: Bool {
        parser.pointee.encoding != YAML_UTF16LE_ENCODING && parser.pointee.encoding != YAML_UTF16BE_ENCODING
    }

    /// The next event and its start. After an error there are no more events, because libyaml cannot continue.
    func next() throws(YAMLError) -> (YAMLEvent, YAMLEvent.Place) {
        while true {
            var event = yaml_event_t()
            guard yaml_parser_parse(parser, &event) == 1 else { throw error() }
            defer { yaml_event_delete(&event) }
            let place = place(event.start_mark)
            if let next = Self.event(event) { return (next, place) }
        }
    }

    private func place(_ mark: yaml_mark_t) -> YAMLEvent.Place {
        YAMLEvent.Place(line: linesBefore + mark.line + 1, column: mark.column + 1)
    }

    private func error() -> YAMLError {
        let parser = parser.pointee
        let text = parser.problem.map { String(cString: $0) } ?? "out of memory"
        guard parser.error == YAML_READER_ERROR else {
            let place = place(parser.problem_mark)
            return YAMLError(.syntax(text), line: place.line, column: place.column)
        }
        // The reader is ahead of all marks and knows only the offset of the byte.
        let before = input.prefix(parser.problem_offset)
        let newline = UInt8(ascii: "\n")
        let column = before.count - (before.lastIndex(of: newline).map { $0 + 1 } ?? 0) + 1
        return YAMLError(.syntax(text), line: linesBefore + before.count { $0 == newline } + 1, column: column)
    }

    /// Nil for the start of the stream, and for types that libyaml does not emit after it.
    private static func event(_ event: yaml_event_t) -> YAMLEvent? {
        switch event.type {
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        // After the end of the stream, libyaml returns an empty event.
        case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return .streamEnd
        case YAML_ALIAS_EVENT: return .alias(string(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            // `! text` is plain, but its non-specific tag makes it a string.
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE && (scalar.plain_implicit == 1 || scalar.tag != nil)
            var properties = properties(scalar.anchor, scalar.tag)
            properties.isLiteral = scalar.style == YAML_LITERAL_SCALAR_STYLE
            return .scalar(text, isPlain: isPlain, properties)
        case YAML_SEQUENCE_START_EVENT:
            return .sequenceStart(properties(event.data.sequence_start.anchor, event.data.sequence_start.tag))
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            return .mappingStart(properties(event.data.mapping_start.anchor, event.data.mapping_start.tag))
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        default: return nil
        }
    }

    private static func properties(
        _ anchor: UnsafePointer<yaml_char_t>?, _ tag: UnsafePointer<yaml_char_t>?
    ) -> YAMLEvent.Properties {
        YAMLEvent.Properties(anchor: string(anchor), tag: string(tag))
    }

    private static func string(_ text: UnsafePointer<yaml_char_t>?) -> String? { text.map { String(cString: $0) } }
}
