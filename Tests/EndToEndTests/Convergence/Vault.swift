import TestSupport

/// The content of the vault, in each of its versions. Every content is unique, so that it identifies its version.
struct Vault {
    /// Text by file; an empty text is an empty file. The names are those of `plain`, `nested`, `certificates` and
    /// `keys`.
    typealias State = [String: String]

    static let plain = (0..<8).map { "file-\($0)" }
    /// Files of a separate volume in a folder of the mount. The second one is optional.
    static let nested = ["azure/user", "azure/password"]
    /// A file of the mount itself that never changes: it fits any generation of the nested volume.
    static let constant = "constant"
    /// Denied by every policy.
    static let forbidden = "forbidden"
    /// Used only by the bystander, and by the hostile tenant's copies of it.
    static let bystander = "bystander"
    static let pairs = 2

    static func certificate(_ pair: Int) -> String { "pair-\(pair).crt" }
    static func key(_ pair: Int) -> String { "pair-\(pair).key" }

    private(set) var state: State = [:]
    private(set) var version = 0
    /// How often each pair's certificate and key were replaced.
    private var issued: [Int: (certificate: Int, key: Int)] = [:]

    init() throws {
        for name in Self.plain + Self.nested + [Self.forbidden, Self.constant, Self.bystander] {
            state[name] = "\(name)#0"
        }
        for pair in 0..<Self.pairs { try issue(pair, certificate: true, key: true) }
        version = 0
    }

    mutating func rotate(_ names: [String]) {
        version += 1
        for name in names { state[name] = "\(name)#\(version)" }
    }

    mutating func remove(_ name: String) {
        version += 1
        state[name] = nil
    }

    mutating func empty(_ name: String) {
        version += 1
        state[name] = ""
    }

    /// Vaults replace a certificate and its key as two objects: one, the other, or both at once.
    mutating func issue(_ pair: Int, certificate: Bool, key: Bool) throws {
        version += 1
        var numbers = issued[pair] ?? (0, 0)
        // The older half is updated first.
        let next = max(numbers.certificate, numbers.key) + (numbers.certificate == numbers.key ? 1 : 0)
        if certificate { numbers.certificate = next }
        if key { numbers.key = next }
        issued[pair] = numbers
        state[Self.certificate(pair)] = try Self.made(pair, numbers.certificate).certificate
        state[Self.key(pair)] = try Self.made(pair, numbers.key).key
    }

    /// Whether the certificate and the key in this state match.
    func fits(_ pair: Int) -> Bool { issued[pair].map { $0.certificate == $0.key } ?? false }

    /// A few real pairs, used in turn.
    private static func made(_ pair: Int, _ number: Int) throws -> TLSPair {
        try TLSPair.make("pair-\(pair)-\(number % 5)")
    }
}
