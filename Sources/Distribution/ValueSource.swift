package import Formats

/// One entry of `spec.secrets`: a data key and where its value comes from.
package struct Mapping: Sendable, Hashable {
    /// The index in `spec.secrets`.
    package var index: Int
    package var to: String
    package var source: ValueSource
    /// If the source is missing, the target is written without this key.
    package var optional: Bool
}

/// Where a value comes from.
package enum ValueSource: Sendable, Hashable {
    /// The bytes of a source file.
    case file(SourcePath)
    /// A value that is derived from a source file.
    indirect case derived(SourcePath, Derivation)
    indirect case template(Template)
    case constant(ExactText)
    /// A value that is generated once, see `GeneratedValue`.
    indirect case generated(GeneratedValue)

    /// The source files that it reads, without those that only provide passwords; in their order.
    package var contentFiles: [SourcePath] {
        switch self {
        case .file(let path), .derived(let path, _): [path]
        case .template(let template): template.variables.flatMap(\.source.contentFiles)
        case .constant, .generated: []
        }
    }

    /// All source files that it reads.
    package var files: [SourcePath] {
        switch self {
        case .file(let path): [path]
        case .derived(let path, let derivation): [path] + (derivation.passwordFrom.map { [$0] } ?? [])
        case .template(let template): template.variables.flatMap(\.source.files)
        case .constant, .generated: []
        }
    }

    /// The number of source files that it reads, with duplicates.
    var fileCount: Int {
        switch self {
        case .file: 1
        case .derived(_, let derivation): derivation.passwordFrom == nil ? 1 : 2
        case .template(let template): template.variables.reduce(0) { $0 + $1.source.fileCount }
        case .constant, .generated: 0
        }
    }

    /// The source in messages and tables: a path in quotes, or what it is.
    package var description: String {
        switch self {
        case .file(let path), .derived(let path, _): shown(path.text)
        case .template: "template"
        case .constant: "value"
        case .generated: "generate"
        }
    }
}

/// How a value is derived from a file: decoded, then a part of it selected, then trimmed.
package struct Derivation: Sendable, Hashable {
    package var decode: ByteEncoding?
    package var pointer: JSONPointer?
    package var extract: Extraction?
    /// The source file with the password of a PKCS#12 file or an encrypted key.
    package var passwordFrom: SourcePath?
    package var trim = Trimming.none

    package init() {}
}

/// The part of a file with certificates and keys.
package enum Extraction: String, Sendable, CaseIterable {
    case certificates = "Certificates"
    case privateKey = "PrivateKey"
    case authorities = "CACertificates"
    /// The bytes unchanged, also where a Secret of type `kubernetes.io/tls` would split the file.
    case none = "None"
}

/// A text with variables.
package struct Template: Sendable, Hashable {
    /// A variable of `with`.
    package struct Variable: Sendable, Hashable {
        package var name: String
        /// A file, a derived value or a constant.
        package var source: ValueSource
        /// If its source is missing, the variable is empty.
        package var optional: Bool
    }

    package var text: TemplateText
    package var variables: [Variable]
}

/// A text that is equal to another only if all bytes are: canonically equivalent texts are equal in Swift, but give
/// different Secrets.
package struct ExactText: Sendable, Hashable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (left: ExactText, right: ExactText) -> Bool { left.text.isSame(as: right.text) }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension DistributionSpec {
    /// The fields that name source files, with their places in the document.
    var fileFields: [(path: [Problem.PathElement], file: SourcePath)] {
        sourceFields(at: [.key("spec")]).compactMap { field in
            if case .file(let file) = field.source { (field.path, file) } else { nil }
        }
    }
}
