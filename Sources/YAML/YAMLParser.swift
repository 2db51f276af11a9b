/// The documents and errors of a YAML file.
package struct YAMLStream: Sendable, Equatable {
    /// In the order of the file, without empty documents and documents with an error.
    package var documents: [YAMLNode] = []
    /// In the order of the file, at most one for each document.
    package var errors: [YAMLError] = []
}

/// Reads YAML 1.1 with libyaml. kubectl uses go-yaml, which is derived from libyaml.
package enum YAMLParser {
    /// Limits for a document, so that untrusted input cannot exhaust the memory.
    package struct Limits: Sendable {
        package var depth = 100
        package var nodes = 100_000
        /// Bytes of text that aliases repeat.
        package var aliasedBytes = 16 << 20
        /// The number of errors after which the rest of a file is not read.
        package var errors = 20

        package init() {}
    }

    /// The documents of the file, without empty ones.
    ///
    /// - Throws: the first error of the file.
    package static func documents(in bytes: [UInt8]) throws(YAMLError) -> [YAMLNode] {
        let stream = parse(bytes)
        if let error = stream.errors.first { throw error }
        return stream.documents
    }

    /// Reads all valid documents. After a document with an error, continues with the next one.
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

    /// Reads up to the end or the first error.
    ///
    /// libyaml could continue after an error in the content, but deep nesting takes it quadratic time. So the rest of
    /// the document is skipped as text.
    ///
    /// - Returns: the line from which to search for the next document; nil if there is nothing more to read.
    private static func read(
        _ input: UnsafeBufferPointer<UInt8>, linesBefore: Int, _ limits: Limits, into stream: inout YAMLStream
    ) -> Int? {
        do {
            let reader = try YAMLEventReader(input, linesBefore: linesBefore)
            do {
                while try readDocument(from: reader, limits, into: &stream) {}
                return nil
            } catch {
                // If the error is on the first line of a document, the document is read again with the same error.
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
            // Reads the end of the document: the text between its content and the next document may be invalid.
            _ = try reader.next()
            if let document { stream.documents.append(document) }
            return true
        default: return false
        }
    }

    private struct Line {
        /// Starts at 1.
        var number: Int
        var offset: Int
    }

    /// The next line that starts with `---`, which starts a document anywhere, even inside quotes.
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
