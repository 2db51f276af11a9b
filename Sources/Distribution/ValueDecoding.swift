import Formats

/// Reads the fields that say where values come from: those of an entry of `spec.secrets`, of a variable of a template
/// and of an entry of `spec.dataFrom`.
extension FieldReader {
    /// The fields of a value from a file.
    static let derivationFields = ["from", "value", "decode", "pointer", "extract", "passwordFrom", "trim"]

    static let entryFields = derivationFields + ["to", "optional", "template", "with", "generate"]
    private static let variableFields = derivationFields + ["name", "optional"]

    /// An entry has exactly one of these.
    private static let sourceFields = ["from", "template", "value", "generate"]

    /// The fields that apply to the file of `from`.
    private static let ofFile = ["decode", "pointer", "extract", "passwordFrom", "trim", "optional"]

    /// The source of an entry of `spec.secrets`; nil if it cannot be used.
    ///
    /// - Parameters:
    ///   - key: its data key; nil if it is not valid.
    ///   - type: the type of the Secret.
    mutating func valueSource(for key: String?, type: String) -> ValueSource? {
        // Most entries: a file as it is.
        if hasOnly("from", "to", "optional") { return sourcePath("from").map { .file($0) } }
        let kinds = Self.sourceFields.filter(has)
        guard expectOne(of: Self.sourceFields, kinds) else { return nil }
        if kinds != ["template"], has("with") {
            note("with", "is set without \"template\", whose variables it defines")
        }
        if kinds == ["generate"] {
            expectNone(of: Self.ofFile, because: "which it applies to")
            return generatedValue(for: key, type: type).map { .generated($0) }
        }
        guard kinds == ["template"] else { return fileOrConstant(for: key, type: type) }
        expectNone(of: Self.ofFile, because: "which it applies to")
        return template()
    }

    /// Whether the source may be missing.
    mutating func optional() -> Bool { bool("optional") ?? false }

    /// A value from a file, or a constant.
    private mutating func fileOrConstant(for key: String?, type: String) -> ValueSource? {
        guard has("from") else {
            expectNone(of: Self.ofFile, because: "which it applies to")
            return text("value").map { .constant(ExactText($0)) }
        }
        let path = sourcePath("from", required: true)
        var derivation = Derivation()
        derivation.decode = choice("decode")
        derivation.pointer = pointer()
        derivation.extract = choice("extract")
        derivation.passwordFrom = sourcePath("passwordFrom")
        derivation.trim = choice("trim") ?? .none
        let isCertificateKey = key.map(SecretType.certificateKeys.contains) ?? false
        if let key, derivation.extract == .privateKey, isCertificateKey, key != SecretType.key {
            note("extract", "is \"PrivateKey\", but \(key) must not hold a private key")
        }
        // Such a key splits its file also without `extract`.
        let isSplit = type == SecretType.tls.rawValue && isCertificateKey && derivation.extract == nil
        if derivation.passwordFrom != nil, !isSplit, derivation.extract == nil || derivation.extract == .some(.none) {
            note(
                "passwordFrom", "is set without \"extract\", expected Certificates, PrivateKey or CACertificates there")
        }
        guard let path else { return nil }
        return derivation == Derivation() ? .file(path) : .derived(path, derivation)
    }

    private mutating func template() -> ValueSource? {
        let raw = text("template")
        var variables: [Template.Variable] = []
        var names: Set<String> = []
        let entries = has("with") ? array("with", of: "\"name\" and \"from\"", atMost: Self.mostVariables) ?? [] : []
        for var entry in entries {
            let name = entry.string("name", required: true)
            if let name, entry.check("name", Self.problem(ofVariable: name)), !names.insert(name).inserted {
                entry.note("name", "is \(shown(name)), which another variable already has; expected each name once")
            }
            let kinds = ["from", "value"].filter(entry.has)
            if entry.expectOne(of: ["from", "value"], kinds), let source = entry.fileOrConstant(for: nil, type: ""),
                let name
            {
                variables.append(
                    Template.Variable(name: name, source: source, optional: entry.optional()))
            }
            entry.expectNoOther(than: Self.variableFields)
            adopt(entry)
        }
        guard let raw, variables.count == entries.count else { return nil }
        do throws(FormError) {
            let text = try TemplateText(raw)
            for name in text.names where !names.contains(name) {
                note(
                    "template",
                    "uses the variable \(shown(name)) at \(text.place(of: name)), which \"with\" does not define")
            }
            return .template(Template(text: text, variables: variables))
        } catch {
            note("template", error.description)
            return nil
        }
    }

    /// `spec.dataFrom`
    mutating func dataSources() -> [DataSource] {
        guard has("dataFrom") else { return [] }
        let members = "\"from\" and \"format\", or \"folder\""
        let entries = array("dataFrom", of: members, atLeastOne: "source", atMost: Self.mostSources) ?? []
        var sources: [DataSource] = []
        for var entry in entries {
            let kinds = ["from", "folder"].filter(entry.has)
            if entry.expectOne(of: ["from", "folder"], kinds) {
                let content = kinds == ["from"] ? entry.fileContent() : entry.folderContent()
                let rename = entry.rename()
                if let content { sources.append(DataSource(index: entry.index, content: content, rename: rename)) }
            }
            entry.expectNoOther(
                than: ["from", "format", "decode", "pointer", "folder", "include", "exclude", "rename"])
            adopt(entry)
        }
        let folders = sources.count { $0.folder != nil }
        guard
            check(
                "dataFrom",
                folders > Self.mostFolders ? "has \(folders) folders, expected at most \(Self.mostFolders)" : nil)
        else { return [] }
        return sources
    }

    private mutating func fileContent() -> DataSource.Content? {
        for field in ["include", "exclude"] where has(field) {
            note(field, "is set without \"folder\", whose files it selects")
        }
        let path = sourcePath("from", required: true)
        var derivation = Derivation()
        derivation.decode = choice("decode")
        if !has("format") { note("format", "is missing, expected \"JSON\" or \"Dotenv\" or \"Properties\"") }
        let format: DataSource.Format? = choice("format")
        derivation.pointer = pointer()
        guard let path, let format else { return nil }
        return .file(path, format, derivation)
    }

    private mutating func folderContent() -> DataSource.Content? {
        expectNone(of: ["format", "decode", "pointer"], because: "which it applies to")
        let folder = text("folder").flatMap { raw -> String? in
            var raw = raw[...]
            while raw.utf8.count > 1, raw.utf8.last == UInt8(ascii: "/") { raw = Substring(raw.utf8.dropLast()) }
            if raw == "." { return "" }
            do throws(SourcePathError) {
                return try SourcePath(String(raw)).text
            } catch {
                note("folder", error.message)
                return nil
            }
        }
        let (include, exclude) = (patterns("include"), patterns("exclude"))
        return folder.map { .folder(SourceFolder($0, include: include, exclude: exclude)) }
    }

    private mutating func patterns(_ field: String) -> [ExactText] {
        guard has(field) else { return [] }
        let texts = stringList(field, atLeastOne: "pattern", atMost: Self.mostSources)
        let size = texts.reduce(0) { $0 + ($1?.utf8.count ?? 0) }
        guard
            check(
                field,
                size > Self.longestPatterns ? "is \(size) bytes long, expected at most \(Self.longestPatterns)" : nil)
        else { return [] }
        return texts.enumerated().compactMap { index, text -> ExactText? in
            guard let text else { return nil }
            do throws(PatternError) {
                _ = try Pattern(text, for: .file)
                return ExactText(text)
            } catch {
                note(at: [.key(field), .index(index)], error.message)
                return nil
            }
        }
    }

    private mutating func rename() -> DataSource.Rename? {
        guard has("rename") else { return nil }
        var reader = object("rename")
        var rename = DataSource.Rename()
        rename.trimPrefix = reader.text("trimPrefix", longest: Self.longestRename) ?? ""
        rename.prefix = reader.text("prefix", longest: Self.longestRename) ?? ""
        let entries =
            reader.has("replace")
            ? reader.array("replace", of: "\"from\" and \"to\"", atMost: Self.mostSources) ?? [] : []
        for var entry in entries {
            let from = entry.text("from", required: true, longest: Self.longestRename)
            let to = entry.text("to", required: true, longest: Self.longestRename)
            if from?.isEmpty == true { entry.note("from", "is empty, expected the text to replace") }
            if let from, let to, !from.isEmpty { rename.replace.append(.init(from: from, to: to)) }
            entry.expectNoOther(than: ["from", "to"])
            reader.adopt(entry)
        }
        reader.expectNoOther(than: ["trimPrefix", "prefix", "replace"])
        adopt(reader)
        return rename
    }

    // MARK: Fields

    private static func problem(ofVariable name: String) -> String? {
        let isLetter = { (byte: UInt8) in (0x41...0x5a).contains(byte & 0xdf) || byte == UInt8(ascii: "_") }
        let isValid =
            (1...63).contains(name.utf8.count) && name.utf8.first.map(isLetter) == true
            && name.utf8.allSatisfy { isLetter($0) || (0x2d...0x2e).contains($0) || (0x30...0x39).contains($0) }
        return isValid
            ? nil
            : "is \(shown(name)), expected a letter or \"_\", then letters, digits, \"_\", \"-\" and \".\", at most 63"
    }

    /// The limits of the resource definition in the example.
    private static let (mostVariables, mostSources) = (100, 100)
    /// Bytes of all patterns of a list. Each folder is matched with all files of the mount.
    private static let longestPatterns = 1024
    /// The maximum number of folders.
    private static let mostFolders = 10
    /// Bytes of a text of `rename`; no data key is longer.
    private static let longestRename = 253
    /// Bytes of a template or a constant.
    private static let longestText = 65_536

    private mutating func text(_ field: String, required: Bool = false, longest: Int = longestText) -> String? {
        guard let text = string(field, required: required) else { return nil }
        let size = text.utf8.count
        return check(
            field, size > longest ? "is \(size) bytes long, expected at most \(longest)" : nil)
            ? text : nil
    }

    private mutating func sourcePath(_ field: String, required: Bool = false) -> SourcePath? {
        guard let raw = string(field, required: required) else { return nil }
        do throws(SourcePathError) {
            return try SourcePath(raw)
        } catch {
            note(field, error.message)
            return nil
        }
    }

    private mutating func pointer() -> JSONPointer? {
        guard let raw = string("pointer") else { return nil }
        do throws(FormError) {
            return try JSONPointer(raw)
        } catch {
            note("pointer", error.description)
            return nil
        }
    }

    /// Notes if not exactly one of the fields is set.
    ///
    /// - Parameter given: those that are set.
    private mutating func expectOne(of fields: [String], _ given: [String]) -> Bool {
        if given.count == 1 { return true }
        let others = fields.dropFirst().map { "\"\($0)\"" }.joined(separator: " or ")
        if given.isEmpty {
            note(fields[0], "is missing, expected it or \(others)")
        } else {
            note(given[1], "is set beside \"\(given[0])\", expected only one of \(fields.joined(separator: ", "))")
        }
        return false
    }

    private mutating func expectNone(of fields: [String], because reason: String) {
        for field in fields where has(field) && !isDefault(field) {
            note(field, "is set without \"from\", \(reason)")
        }
    }

    /// Whether the field has the value that it has if it is not set. The resource definition sets `optional`.
    private func isDefault(_ field: String) -> Bool {
        object?[field]?.bool == false || object?[field]?.string == Trimming.none.rawValue && field == "trim"
    }
}
