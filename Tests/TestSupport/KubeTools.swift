/// What users of Kubernetes have at hand: the real kubectl, kustomize and Helm.
package enum KubeTools {
    /// The folder of the tools here.
    private static let tools = String(#filePath.dropLast("TestSupport/KubeTools.swift".count)) + "Tools"

    /// Fetches them if they are not there yet: a minute, once for a machine.
    private static let folder = Task {
        let fetched = try await ToolRun.run([tools + "/kube-tools"])
        guard fetched.status == 0 else { throw ServerProcess.StartError(description: fetched.errors) }
        return fetched.output.filter { !$0.isNewline }
    }

    /// The path of `kubectl`, `kubectl-1.20` or `kustomize`.
    package static func path(_ name: String) async throws -> String { try await folder.value + "/" + name }

    /// Runs Helm, see `Tests/Tools/helm`; with nothing of the machine's own Helm.
    package static func helm(_ arguments: [String]) async throws -> ToolRun {
        let directory = try TemporaryDirectory()
        let folder = try await folder.value
        return try await ToolRun.run(
            ["env", "PYTHONPATH=\(folder)", "HOME=\(directory.path)", "KUBECONFIG=", tools + "/helm"] + arguments)
    }
}
