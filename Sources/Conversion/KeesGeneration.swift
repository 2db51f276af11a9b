import Kees
import YAML

/// A value that kees generates: who asks for it first, and where.
struct SharedValue {
    let workload: String
    let place: String
}

/// Finds the `generate` fields for values that kees generates (kees, `AbstractDataProvider.java` and `CreateMain.java`).
struct KeesGeneration {
    private let storagePrefix: String
    private let workload: String
    /// By name: the fields of the pair that the workload asks for.
    private let pairs: [String: Set<String>]

    /// The alphabet of kees' passwords.
    private static let characters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

    /// - Parameter workload: identifies it.
    init(_ annotations: KeesAnnotations, workload: String) {
        storagePrefix = annotations.storagePrefix
        self.workload = workload
        pairs = annotations.parameters.reduce(into: [:]) { pairs, parameter in
            if let field = parameter.field { pairs[parameter.bareName, default: []].insert(field) }
        }
    }

    /// - Parameter place: the place of the annotation.
    /// - Throws: why there is no counterpart.
    func fields(
        for parameter: KeesParameter, at place: String, shared: inout [String: SharedValue]
    ) throws(KeesError) -> [YAMLValue.Entry] {
        guard case .dynamic(let type, let size) = parameter.kind else { return [] }
        let fields: [YAMLValue.Entry]
        switch type {
        case .gpg: throw KeesError("has no counterpart: no key pairs of GPG are generated")
        case .random where parameter.name.hasPrefix("api-key"):
            throw KeesError("has no counterpart: kees gives the same value to its consumer and its provider")
        case .password, .random:
            // kees measures in bits: a password has a character for eight of them.
            let kind: YAMLValue = type == .password ? "Password" : "Random"
            let characters: [YAMLValue.Entry] =
                type == .password ? [.init("characters", .string(Self.characters))] : []
            fields = [.init("kind", kind), .init("size", .int(size / 8))] + characters
        case .rsa:
            let halves: [String: YAMLValue] = ["public": "Public", "private": "Private"]
            guard let part = halves[parameter.field ?? ""] else {
                throw KeesError("has no counterpart: kees names the halves of a pair _public and _private")
            }
            guard pairs[parameter.bareName, default: []].isSuperset(of: halves.keys) else {
                throw KeesError(
                    "has no counterpart: the other half of the pair is not among the annotations of the same pod")
            }
            // X.509 and PKCS #8, in DER (java.security.Key.getEncoded).
            fields = [
                .init("kind", "RSA"), .init("size", .int(size)), .init("pair", .string(parameter.bareName)),
                .init("part", part), .init("format", "DER"),
            ]
        }
        try share(parameter, type, place, &shared)
        return fields
    }

    /// kees generates a value once, and gives it to every pod with the same storage prefix.
    private func share(
        _ parameter: KeesParameter, _ type: KeesParameter.ValueType, _ place: String,
        _ shared: inout [String: SharedValue]
    ) throws(KeesError) {
        let name = parameter.storageKey ?? (type == .rsa ? parameter.bareName : parameter.name)
        let key = "\(storagePrefix)\u{0}\(name)"
        guard let first = shared[key] else {
            shared[key] = SharedValue(workload: workload, place: place)
            return
        }
        guard first.workload == workload else {
            throw KeesError(
                "has no counterpart: kees gives the same value to the pods of \(first.place), and each distribution would"
                    + " generate one of its own")
        }
    }
}
