/// The tools of Kubernetes users: the real kubectl, kustomize and Helm.
package enum KubeTools {
    /// The folder `Tests/Tools`.
    private static let tools = String(#filePath.dropLast("TestSupport/KubeTools.swift".count)) + "Tools"

    /// Downloads the tools if they are missing, which takes a minute once on each machine.
    private static let folder = Task {
        let fetched = try await ToolRun.run([tools + "/kube-tools"])
        guard fetched.status == 0 else { throw ServerProcess.StartError(description: fetched.errors) }
        return fetched.output.filter { !$0.isNewline }
    }

    /// The path of `kubectl`, `kubectl-1.20` or `kustomize`.
    package static func path(_ name: String) async throws -> String { try await folder.value + "/" + name }

    /// Runs Helm through `Tests/Tools/helm`, without the configuration of the machine's own Helm.
    package static func helm(_ arguments: [String]) async throws -> ToolRun {
        let directory = try TemporaryDirectory()
        let folder = try await folder.value
        return try await ToolRun.run(
            ["env", "PYTHONPATH=\(folder)", "HOME=\(directory.path)", "KUBECONFIG=", tools + "/helm"] + arguments)
    }
}
