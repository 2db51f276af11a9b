/// The real kubectl with a test's API server.
package struct Kubectl: Sendable {
    package enum Version: String, Sendable, CaseIterable {
        /// A current version.
        case current = "kubectl"
        /// The version of the server that `apiserver-assets` builds.
        case old = "kubectl-1.20"
    }

    private let program: String
    private let options: [String]
    private let directory: TemporaryDirectory

    /// - Parameter namespace: the default namespace.
    package init(_ version: Version = .current, on server: APIServer, namespace: String) async throws {
        program = try await KubeTools.path(version.rawValue)
        directory = try TemporaryDirectory()
        let kubeconfig = try server.kubeconfig(namespace: namespace)
        // A separate cache for each test.
        options = ["--kubeconfig", kubeconfig, "--cache-dir", directory("cache")]
    }

    package func callAsFunction(_ arguments: String...) async throws -> ToolRun { try await run(arguments) }

    package func run(_ arguments: [String]) async throws -> ToolRun {
        try await ToolRun.run([program] + options + arguments)
    }

    /// Runs `kubectl apply` with a text.
    package func apply(_ manifests: String, _ arguments: String...) async throws -> ToolRun {
        let file = directory("manifests.yaml")
        try writeFile(file, manifests)
        return try await ToolRun.run([program] + options + ["apply", "--filename", file] + arguments)
    }
}
