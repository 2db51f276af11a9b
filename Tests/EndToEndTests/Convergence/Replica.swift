import FoundationEssentials
import Glibc
import TestSupport

/// One agent as a process, with a mount of its own and a proxy between it and the API server.
final class Replica {
    enum Writing: String, CaseIterable {
        /// As the CSI driver writes: a generation at a time.
        case atomic
        /// A folder whose files change one by one.
        case plain
    }

    private let mount: String
    private let writing: Writing
    private let volume: AtomicVolume
    /// The volume in a folder of the mount, and whether it is away.
    private let nested: AtomicVolume
    private var isNestedAway = false
    private let environment: [String: String]
    let proxy: FaultyProxy
    private var agent: Binary
    /// Of the runs before this one, for the report of a failure.
    private(set) var log = ""
    /// Exit statuses of agents that ended by themselves.
    private(set) var crashes: [Int32] = []
    private var shown: Vault.State = [:]

    init(_ world: World, _ name: String, _ writing: Writing, _ environment: [String: String]) async throws {
        mount = world.directory("mount-\(name)")
        self.writing = writing
        volume = try AtomicVolume(mount)
        nested = try AtomicVolume("\(mount)/azure")
        proxy = try FaultyProxy(to: world.server.port)
        var environment = environment
        environment["SECRETS_PATH"] = mount
        environment["KUBECONFIG"] = try world.server.kubeconfig(through: "127.0.0.1:\(proxy.port)")
        environment["POD_NAME"] = name
        self.environment = environment
        agent = try await Binary(["run"], environment: environment)
    }

    /// Brings the mount up to date. As drivers do, writes a new generation only where content changed.
    func show(_ vault: Vault) throws {
        let own = vault.state.filter { !Vault.nested.contains($0.key) }
        switch writing {
        case .atomic:
            if shown != own {
                volume.time = Self.time(of: 2 * vault.version)
                try volume.write(own)
            }
        case .plain:
            // One that comes back does so as a whole: a plain folder that fills looks like one that loses files.
            let folder = access(mount, F_OK) == 0 ? mount : mount + "-new"
            try makeDirectory(folder)
            for (name, content) in own where shown[name] != content {
                try writeFile("\(folder)/.new", content)
                try TestSupport.rename("\(folder)/.new", to: "\(folder)/\(name)")
            }
            if folder != mount { try TestSupport.rename(folder, to: mount) }
            for name in shown.keys where own[name] == nil { removeTree("\(mount)/\(name)") }
        }
        shown = own
        guard !isNestedAway else { return }
        nested.time = Self.time(of: 2 * vault.version)
        let inner = vault.state.filter { Vault.nested.contains($0.key) }
        try nested.write(Dictionary(uniqueKeysWithValues: inner.map { (String($0.dropFirst("azure/".count)), $1) }))
    }

    /// As a pod that is mounted after all others: the same content has a younger name.
    func remount(_ vault: Vault) throws {
        volume.time = Self.time(of: 2 * vault.version + 1)
        shown = vault.state.filter { !Vault.nested.contains($0.key) }
        try volume.write(shown)
    }

    /// The volume in the folder goes as one that is unmounted: its files first, and an empty folder stays.
    func emptyNested() {
        isNestedAway = true
        for name in names(in: nested.path) { removeTree("\(nested.path)/\(name)") }
    }

    /// It may be shown again.
    func bringNested() { isNestedAway = false }

    /// An editor that writes in place: the file is empty at first, and for the vault it was once.
    func truncate(_ name: String) throws {
        try writeFile("\(mount)/\(name)", "")
        shown[name] = ""
    }

    func fill(_ name: String, _ content: String) throws {
        try writeFile("\(mount)/\(name)", content)
        shown[name] = content
    }

    /// The mount goes, as a volume that is unmounted.
    func tearDown() {
        if writing == .plain { try? TestSupport.rename(mount, to: mount + "-old") }
        removeTree(mount + "-old")
        removeTree(mount)
        shown = [:]
    }

    /// A version as a time of the past: no two are made in one second, and a later one is a later one.
    private static func time(of version: Int) -> String {
        let (hours, minutes, seconds) = (version / 3600, version / 60 % 60, version % 60)
        let two = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
        return "2026_11_\(two(1 + hours / 24))_\(two(hours % 24))_\(two(minutes))_\(two(seconds))"
    }

    // MARK: The process

    func signal(_ number: Int32) { agent.signal(number) }

    /// libdispatch's monitor of its threads ends the process by a trap if it cannot open a file then (its
    /// `_dispatch_workq_count_runnable_workers`); the orchestrator starts it again.
    private var mayTrap = false

    /// It may open no file any more. One that has not started yet would end, to be started again by its orchestrator.
    func takeDescriptors() async throws {
        guard await eventually({ agent.errors.contains("ready\"") }) else { return }
        mayTrap = true
        try await Command.run(["prlimit", "--pid", "\(agent.process)", "--nofile=3:"])
    }

    /// It may again.
    func giveDescriptors() async throws {
        if agent.hasEnded { return try await restart(by: SIGKILL) }
        try await Command.run(["prlimit", "--pid", "\(agent.process)", "--nofile=1024:"])
    }

    /// As the orchestrator does, starts one again that has ended by the trap.
    func restartIfTrapped() async throws {
        if mayTrap, agent.hasEnded { try await restart(by: SIGKILL) }
    }

    /// Ends it and starts it anew, `pause` later.
    func restart(by number: Int32, after pause: Duration = .zero) async throws {
        agent.signal(SIGCONT)
        agent.signal(number)
        let ended = await agent.ended()
        // By the signal itself also where SIGTERM came before its handler.
        if ended.status != 128 + number, number != SIGTERM || ended.status != 0 { add(ended.status) }
        mayTrap = false
        log = String((log + ended.errors).suffix(20_000))
        try await Task.sleep(for: pause)
        agent = try await Binary(["run"], environment: environment)
    }

    private func add(_ crash: Int32) {
        if !(mayTrap && crash == 128 + SIGILL) { crashes.append(crash) }
    }

    /// Ends it for good; what it said last.
    func end() async -> String {
        agent.signal(SIGCONT)
        agent.signal(SIGTERM)
        let ended = await agent.ended()
        if ended.status != 0, ended.status != 128 + SIGTERM { add(ended.status) }
        proxy.stop()
        return log + ended.errors + "exit status \(ended.status)\n"
    }
}
