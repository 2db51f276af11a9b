/// One value that a pod asks for: an annotation `secret.DOMAIN/NAME` or `resource.DOMAIN/NAME`.
package struct KeesParameter: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// Somebody stored the value.
        case reference
        /// kees generates the value if there is none. The size is in bits.
        case dynamic(ValueType, size: Int)
        /// Configuration that is not secret; kees writes it to a file of its own.
        case resource
    }

    package enum ValueType: String, Sendable, CaseIterable {
        case rsa = "RSA"
        case gpg = "GPG"
        case random = "RANDOM"
        case password = "PASSWORD"
    }

    private enum SecretKind: String, CaseIterable {
        case dynamic = "DYNAMIC"
        case reference = "REFERENCE"
    }

    /// The key of the annotation.
    package let annotation: String
    /// The text after the first `/`: the key in the file that kees writes.
    package let name: String
    package let kind: Kind
    package let storageKey: String?
    /// The value in local mode, in base64.
    package let localValue: String?

    /// The part after the last `_`, if it has only lower case letters: `public` in `key.v1_public`. kees generates the
    /// fields of a pair together.
    package var field: String? { split?.field }

    /// The name without the field.
    package var bareName: String { split?.name ?? name }

    /// The source file: the storage key if there is one, otherwise the name. For a resource, kees uses the name without
    /// the field (kees, `ResourceParameter.java`).
    package var file: String { storageKey ?? (kind == .resource ? bareName : name) }

    /// kees, `Parameter.java`: `.*_[a-z]*$`.
    private var split: (name: String, field: String)? {
        guard let place = name.utf8.lastIndex(of: UInt8(ascii: "_")) else { return nil }
        let field = name.utf8[name.utf8.index(after: place)...]
        guard field.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }) else { return nil }
        return (String(name[..<place]), String(Substring(field)))
    }

    /// Reads an annotation `secret.DOMAIN/NAME`.
    init(secret annotation: String, name: String, _ text: String) throws(KeesError) {
        let fields = try KeesFields(text)
        guard let kind: SecretKind = try fields.choice("kind") else {
            throw KeesError("has no kind, expected \"kind=REFERENCE\" or \"kind=DYNAMIC\"")
        }
        let type: ValueType? = try fields.choice("type")
        switch kind {
        case .reference: self.kind = .reference
        case .dynamic:
            guard let type else { throw KeesError("has no type, expected one for the kind DYNAMIC") }
            self.kind = .dynamic(type, size: try Self.size(fields["size"], type))
        }
        (self.annotation, self.name) = (annotation, name)
        (storageKey, localValue) = (fields["storageKey"], fields["localModeValue"])
    }

    /// Reads an annotation `resource.DOMAIN/NAME`.
    init(resource annotation: String, name: String, _ text: String) throws(KeesError) {
        let fields = try KeesFields(text)
        (self.annotation, self.name, kind) = (annotation, name, .resource)
        (storageKey, localValue) = (fields["storageKey"], fields["localModeValue"])
    }

    /// The limits are those of kees (`SecretParameter.java`).
    private static func size(_ text: String?, _ type: ValueType) throws(KeesError) -> Int {
        let expected = type == .rsa ? "2048 or 4096" : "a number of bits from 1 to 8192"
        guard let text else { throw KeesError("has no size, expected \(expected) for the kind DYNAMIC") }
        guard let size = Int(text), type == .rsa ? size == 2048 || size == 4096 : (1...8192).contains(size) else {
            throw KeesError("has the size \"\(text)\", expected \(expected)")
        }
        return size
    }
}
