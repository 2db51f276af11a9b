/// The annotations of a pod that kees reads (https://github.com/bsycorp/kees).
package struct KeesAnnotations: Sendable {
    /// The annotation `init.DOMAIN/local-mode`.
    package enum Mode: Sendable, Equatable {
        /// The values are in the vault. Also for any value that kees does not know.
        case remote
        /// `true`: the values are in the annotations (`localModeValue`).
        case local
        /// `remote-then-local`: those of the annotations are used where the vault has none.
        case remoteThenLocal
    }

    /// An annotation that cannot be used.
    package struct Fault: Sendable, Equatable, CustomStringConvertible {
        package let annotation: String
        /// The rest of a sentence after the annotation's name.
        package let message: String

        package var description: String { "\(annotation) \(message)" }
    }

    package static let defaultDomain = "bsycorp.com"

    /// Sorted by annotation, each name once.
    package private(set) var parameters: [KeesParameter] = []
    /// Values that kees itself could not read either.
    package private(set) var faults: [Fault] = []
    /// Annotations that ask for something that has no counterpart here.
    package private(set) var unserved: [Fault] = []
    package private(set) var mode = Mode.remote
    /// The annotation of the mode; nil if there is none.
    package private(set) var modeAnnotation: String?
    /// The prefix of the keys in kees' table. Pods with the same prefix share the values that kees generates.
    package private(set) var storagePrefix = "/"

    /// Whether there is no annotation that asks for a value.
    package var isEmpty: Bool { parameters.isEmpty && faults.isEmpty && unserved.isEmpty }

    package init(_ annotations: some Sequence<(key: String, value: String)>, domain: String) {
        var owners: [String: String] = [:]
        for (key, value) in annotations.sorted(by: { $0.key < $1.key }) {
            guard let slash = key.utf8.firstIndex(of: UInt8(ascii: "/")) else { continue }
            let name = String(key[key.utf8.index(after: slash)...])
            do throws(KeesError) {
                switch key[..<slash] {
                case "secret.\(domain)":
                    try add(KeesParameter(secret: key, name: name, value), &owners)
                case "resource.\(domain)":
                    try add(KeesParameter(resource: key, name: name, value), &owners)
                case "lease.\(domain)":
                    let message = "asks for a lease, a number that no other pod has; there is no counterpart"
                    unserved.append(Fault(annotation: key, message: message))
                case "init.\(domain)" where name == "local-mode":
                    modeAnnotation = key
                    mode = Self.mode(value)
                case "init.\(domain)" where name == "storage-prefix": storagePrefix = value
                default: break
                }
            } catch {
                faults.append(Fault(annotation: key, message: error.description))
            }
        }
    }

    private mutating func add(_ parameter: KeesParameter, _ owners: inout [String: String]) throws(KeesError) {
        if let other = owners.updateValue(parameter.annotation, forKey: parameter.name) {
            throw KeesError("has the same name as \(other), expected each name once")
        }
        parameters.append(parameter)
    }

    /// kees, `InitMain.java`: without quotes around it, and without white space.
    private static func mode(_ text: String) -> Mode {
        var text = Substring(text)
        if let quote = text.first, quote == "\"" || quote == "'", text.count > 1, text.last == quote {
            text = text.dropFirst().dropLast()
        }
        switch text.split(whereSeparator: \.isWhitespace).joined(separator: " ") {
        case "true": return .local
        case "remote-then-local": return .remoteThenLocal
        default: return .remote
        }
    }
}
