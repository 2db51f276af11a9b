import TestSupport

/// Runs `body` in a world with its own server, for faults that would affect other tests.
func withServer(
    _ options: APIServer.Options = APIServer.Options(), _ body: (World) async throws -> Void
) async throws {
    let server = try await APIServer.start(options)
    do {
        try await server.install(definition: try World.manifest("sidecar-example/crd.yaml"))
        try await body(World(on: server))
    } catch {
        await server.end()
        throw error
    }
    await server.end()
}
