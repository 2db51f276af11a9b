import FoundationEssentials
import Glibc
import JSON
import Kube
import TestSupport

/// Actions of the vault, and of whoever mounts its files.
extension Chaos {
    func rotate() async throws {
        let files = someFiles(writing == .atomic ? 6 : 1)
        if writing == .plain, Bool.random(using: &random), !dismounted.contains(0) {
            oracle.rotate { $0.empty(files[0]) }
            try replicas[0].truncate(files[0])
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...40, using: &random)))
            oracle.rotate { $0.rotate(files) }
            try replicas[0].fill(files[0], oracle.vault.state[files[0]] ?? "")
            return
        }
        oracle.rotate { $0.rotate(files + (Int.random(in: 0..<4) == 0 ? [Vault.forbidden] : [])) }
        try showSome()
    }

    func rotatePair() throws {
        let pair = Int.random(in: 0..<Vault.pairs, using: &random)
        let part = Int.random(in: 0..<(writing == .atomic ? 3 : 2), using: &random)
        try oracle.rotate { try $0.issue(pair, certificate: part != 0, key: part != 1) }
        try showSome()
    }

    /// The optional file is created and removed.
    func rotateNested() throws {
        let isLess = Int.random(in: 0..<4, using: &random) == 0
        oracle.rotate { isLess ? $0.remove(Vault.nested[1]) : $0.rotate(Vault.nested) }
        try showSome()
    }

    func emptyNested() {
        let index = Int.random(in: replicas.indices, using: &random)
        replicas[index].emptyNested()
        later(2...12) { [self] in
            replicas[index].bringNested()
            try show(index)
        }
    }

    func change(_ change: (inout Vault, String) -> Void) throws {
        let file = someFiles(1)[0]
        oracle.rotate { change(&$0, file) }
        try showSome()
    }

    /// Each driver polls the vault at its own time. With a plain folder there is only one replica.
    func showSome() throws {
        for index in replicas.indices where replicas.count == 1 || Bool.random(using: &random) { try show(index) }
    }

    func showAll() throws {
        for index in replicas.indices { try show(index) }
    }

    func show(_ index: Int) throws {
        if !dismounted.contains(index) { try replicas[index].show(oracle.vault) }
    }

    func tearDown() {
        let index = Int.random(in: replicas.indices, using: &random)
        guard dismounted.insert(index).inserted else { return }
        replicas[index].tearDown()
        later(2...8) { [self] in
            dismounted.remove(index)
            try show(index)
        }
    }

    /// A pod that is mounted later gets the same content under a newer generation name.
    func remount() throws {
        let index = Int.random(in: replicas.indices, using: &random)
        if writing == .atomic, !dismounted.contains(index) { try replicas[index].remount(oracle.vault) }
    }
}
