import FoundationEssentials
import Glibc
import TestSupport

/// One agent as a process, with its own mount and a proxy between it and the API server.
final class Replica {
    enum Writing: String, CaseIterable {
        /// Written like the CSI driver does, one generation at a time.
        case atomic
        /// A folder whose files change one by one.
        case plain
    }

    private let mount: String
    private let writing: Writing
    private let volume: AtomicVolume
    /// The volume in a folder of the mount, and whether it is unmounted.
    private let nested: AtomicVolume
    private var isNestedAway = false
    private let environment: [String: String]
    let proxy: FaultyProxy
    private var agent: Binary
    /// The log of the runs before this one, for the report of a failure.
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

    /// Updates the mount. Like drivers, it writes a new generation only if content changed.
    func show(_ vault: Vault) throws {
        let own = vault.state.filter { !Vault.nested.contains($0.key) }
        switch writing {
        case .atomic:
            if shown != own {
                volume.time = Self.time(of: 2 * vault.version)
                try volume.write(own)
            }
        case .plain:
            // A folder that comes back appears at once and complete: one that fills slowly looks like one that loses
            // files.
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

    /// Like a pod that is mounted after all others: the same content has a newer generation name.
    func remount(_ vault: Vault) throws {
        volume.time = Self.time(of: 2 * vault.version + 1)
        shown = vault.state.filter { !Vault.nested.contains($0.key) }
        try volume.write(shown)
    }

    /// The volume in the folder is unmounted: its files are removed first, and an empty folder stays.
    func emptyNested() {
        isNestedAway = true
        for name in names(in: nested.path) { removeTree("\(nested.path)/\(name)") }
    }

    /// The volume may be shown again.
    func bringNested() { isNestedAway = false }

    /// Like an editor that writes in place: the file is empty at first. For the oracle, the vault had an empty file
    /// once.
    func truncate(_ name: String) throws {
        try writeFile("\(mount)/\(name)", "")
        shown[name] = ""
    }

    func fill(_ name: String, _ content: String) throws {
        try writeFile("\(mount)/\(name)", content)
        shown[name] = content
    }

    /// The mount is removed, like a volume that is unmounted.
    func tearDown() {
        if writing == .plain { try? TestSupport.rename(mount, to: mount + "-old") }
        removeTree(mount + "-old")
        removeTree(mount)
        shown = [:]
    }

    /// A time in the past for each version: no two versions share a second, and a later version has a later time.
    private static func time(of version: Int) -> String {
        let (hours, minutes, seconds) = (version / 3600, version / 60 % 60, version % 60)
        let two = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
        return "2026_11_\(two(1 + hours / 24))_\(two(hours % 24))_\(two(minutes))_\(two(seconds))"
    }

    // MARK: The process

    func signal(_ number: Int32) { agent.signal(number) }

    /// libdispatch's thread monitor ends the process with a trap if it cannot open a file (its
    /// `_dispatch_workq_count_runnable_workers`); the orchestrator then restarts the process.
    private var mayTrap = false

    /// Takes all file descriptors. An agent that has not started yet would end, and its orchestrator would restart it.
    func takeDescriptors() async throws {
        guard await eventually({ agent.errors.contains("ready\"") }) else { return }
        mayTrap = true
        try await Command.run(["prlimit", "--pid", "\(agent.process)", "--nofile=3:"])
    }

    /// Gives the descriptors back.
    func giveDescriptors() async throws {
        if agent.hasEnded { return try await restart(by: SIGKILL) }
        try await Command.run(["prlimit", "--pid", "\(agent.process)", "--nofile=1024:"])
    }

    /// Like the orchestrator, restarts an agent that the trap has ended.
    func restartIfTrapped() async throws {
        if mayTrap, agent.hasEnded { try await restart(by: SIGKILL) }
    }

    /// Ends the agent and restarts it after `pause`.
    func restart(by number: Int32, after pause: Duration = .zero) async throws {
        agent.signal(SIGCONT)
        agent.signal(number)
        let ended = await agent.ended()
        // SIGTERM itself ends the process if it arrives before the handler is installed.
        if ended.status != 128 + number, number != SIGTERM || ended.status != 0 { add(ended.status) }
        mayTrap = false
        log = String((log + ended.errors).suffix(20_000))
        try await Task.sleep(for: pause)
        agent = try await Binary(["run"], environment: environment)
    }

    private func add(_ crash: Int32) {
        if !(mayTrap && crash == 128 + SIGILL) { crashes.append(crash) }
    }

    /// Ends the agent for good, and returns the end of its log.
    func end() async -> String {
        agent.signal(SIGCONT)
        agent.signal(SIGTERM)
        let ended = await agent.ended()
        if ended.status != 0, ended.status != 128 + SIGTERM { add(ended.status) }
        proxy.stop()
        return log + ended.errors + "exit status \(ended.status)\n"
    }
}
