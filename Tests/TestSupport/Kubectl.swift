/// The real kubectl on a test's API server.
package struct Kubectl: Sendable {
    package enum Version: String, Sendable, CaseIterable {
        /// Of today.
        case current = "kubectl"
        /// As old as the server that `apiserver-assets` builds.
        case old = "kubectl-1.20"
    }

    private let program: String
    private let options: [String]
    private let directory: TemporaryDirectory

    /// - Parameter namespace: where it works unless it is told otherwise.
    package init(_ version: Version = .current, on server: APIServer, namespace: String) async throws {
        program = try await KubeTools.path(version.rawValue)
        directory = try TemporaryDirectory()
        let kubeconfig = try server.kubeconfig(namespace: namespace)
        // What it remembers of a server is the test's own.
        options = ["--kubeconfig", kubeconfig, "--cache-dir", directory("cache")]
    }

    package func callAsFunction(_ arguments: String...) async throws -> ToolRun { try await run(arguments) }

    package func run(_ arguments: [String]) async throws -> ToolRun {
        try await ToolRun.run([program] + options + arguments)
    }

    /// `kubectl apply` of a text.
    package func apply(_ manifests: String, _ arguments: String...) async throws -> ToolRun {
        let file = directory("manifests.yaml")
        try writeFile(file, manifests)
        return try await ToolRun.run([program] + options + ["apply", "--filename", file] + arguments)
    }
}
