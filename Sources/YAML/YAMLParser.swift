/// What a YAML file holds: its documents, and what is wrong with those that cannot be used.
package struct YAMLStream: Sendable, Equatable {
    /// In the file's order, without empty ones and without those that have an error.
    package var documents: [YAMLNode] = []
    /// In the file's order; at most one a document.
    package var errors: [YAMLError] = []
}

/// Reads YAML 1.1 by libyaml, as kubectl does by its cousin go-yaml.
package enum YAMLParser {
    /// How large a document may become. Input from a stranger cannot make the program use more.
    package struct Limits: Sendable {
        package var depth = 100
        package var nodes = 100_000
        /// Of text that aliases repeat.
        package var aliasedBytes = 16 << 20
        /// Errors of one file, after which the rest of it is not looked at.
        package var errors = 20

        package init() {}
    }

    /// The file's documents, without empty ones.
    ///
    /// - Throws: the file's first error.
    package static func documents(in bytes: [UInt8]) throws(YAMLError) -> [YAMLNode] {
        let stream = parse(bytes)
        if let error = stream.errors.first { throw error }
        return stream.documents
    }

    /// Reads all that can be read: after a document with an error, goes on with the next one.
    package static func parse(_ bytes: [UInt8], limits: Limits = Limits()) -> YAMLStream {
        var stream = YAMLStream()
        bytes.withUnsafeBufferPointer { buffer in
            var start: Line? = Line(number: 1, offset: 0)
            while let from = start, stream.errors.count < limits.errors {
                let rest = UnsafeBufferPointer(rebasing: buffer[from.offset...])
                start = read(rest, linesBefore: from.number - 1, limits, into: &stream)
                    .flatMap { nextDocument(in: buffer, after: from, notBefore: $0) }
            }
        }
        return stream
    }

    /// Reads up to the end or to the first error: then returns the error's line, if it is of use to look for another
    /// document from there.
    ///
    /// libyaml itself could go on after an error of the content, but deep nesting costs it quadratic time: what follows
    /// is skipped as text.
    private static func read(
        _ input: UnsafeBufferPointer<UInt8>, linesBefore: Int, _ limits: Limits, into stream: inout YAMLStream
    ) -> Int? {
        do {
            let reader = try YAMLEventReader(input, linesBefore: linesBefore)
            do {
                while try readDocument(from: reader, limits, into: &stream) {}
                return nil
            } catch {
                // A document that is read again because its error is on its first line has the same error again.
                if stream.errors.last != error { stream.errors.append(error) }
                return reader.isUTF8 ? error.line : nil
            }
        } catch {
            stream.errors.append(error)
            return nil
        }
    }

    /// False at the end of the stream.
    private static func readDocument(
        from reader: borrowing YAMLEventReader, _ limits: Limits, into stream: inout YAMLStream
    ) throws(YAMLError) -> Bool {
        switch try reader.next().0 {
        case .documentStart:
            var composer = YAMLComposer(limits: limits)
            let document = try composer.document(from: reader)
            // Its end: the text between the content and the next document can still be wrong.
            _ = try reader.next()
            if let document { stream.documents.append(document) }
            return true
        default: return false
        }
    }

    private struct Line {
        /// Counted from 1.
        var number: Int
        var offset: Int
    }

    /// The next line with `---`: at a line's start it begins a document wherever it stands, even inside of quotes.
    private static func nextDocument(
        in bytes: UnsafeBufferPointer<UInt8>, after start: Line, notBefore number: Int
    ) -> Line? {
        var line = start
        while let newline = bytes[line.offset...].firstIndex(of: UInt8(ascii: "\n")) {
            line = Line(number: line.number + 1, offset: newline + 1)
            if line.number >= number, bytes[line.offset...].starts(with: "---".utf8) { return line }
        }
        return nil
    }
}
