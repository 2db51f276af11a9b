import TestSupport

/// The chart, rendered by Helm itself.
enum HelmChart {
    static let path = World.path("sidecar-example/helm")

    /// Runs `helm template` for the release `vault` in the namespace of the same name.
    ///
    /// - Parameter values: YAML.
    static func template(_ values: String, chart: String = path) async throws -> ToolRun {
        let directory = try TemporaryDirectory()
        try writeFile(directory("values.yaml"), values)
        return try await KubeTools.helm(["template", "vault", chart, directory("values.yaml")])
    }

    /// - Throws: Helm's error if it rejects the values.
    static func render(_ values: String) async throws -> RenderedManifests {
        try RenderedManifests(try await template(values))
    }
}
