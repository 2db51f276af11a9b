import TestSupport

/// What the vault holds, at each of its versions. Every content is new, so that it tells which version it is of.
struct Vault {
    /// By file: text, or nothing for an empty file. Names are those of `plain`, `nested`, `certificates` and `keys`.
    typealias State = [String: String]

    static let plain = (0..<8).map { "file-\($0)" }
    /// In a volume of its own, in a folder of the mount. The second one comes and goes.
    static let nested = ["azure/user", "azure/password"]
    /// Of the mount itself, and always the same: it goes with any generation of the nested volume.
    static let constant = "constant"
    /// Denied by every policy there is.
    static let forbidden = "forbidden"
    /// Of nobody but the bystander, and of what the hostile tenant makes of it.
    static let bystander = "bystander"
    static let pairs = 2

    static func certificate(_ pair: Int) -> String { "pair-\(pair).crt" }
    static func key(_ pair: Int) -> String { "pair-\(pair).key" }

    private(set) var state: State = [:]
    private(set) var version = 0
    /// How often each pair's certificate and key were exchanged.
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

    /// Vaults exchange a certificate and its key as two objects: one, the other, or both at once.
    mutating func issue(_ pair: Int, certificate: Bool, key: Bool) throws {
        version += 1
        var numbers = issued[pair] ?? (0, 0)
        // The one that is behind catches up.
        let next = max(numbers.certificate, numbers.key) + (numbers.certificate == numbers.key ? 1 : 0)
        if certificate { numbers.certificate = next }
        if key { numbers.key = next }
        issued[pair] = numbers
        state[Self.certificate(pair)] = try Self.made(pair, numbers.certificate).certificate
        state[Self.key(pair)] = try Self.made(pair, numbers.key).key
    }

    /// Whether the certificate and the key of the state belong together.
    func fits(_ pair: Int) -> Bool { issued[pair].map { $0.certificate == $0.key } ?? false }

    /// A few real pairs, used in turns.
    private static func made(_ pair: Int, _ number: Int) throws -> TLSPair {
        try TLSPair.make("pair-\(pair)-\(number % 5)")
    }
}
