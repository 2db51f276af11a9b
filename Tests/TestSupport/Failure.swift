package import Kube

/// The kind of the error that `body` throws; nil if it throws none.
package func failure<Value>(_ body: () async throws(KubeError) -> Value) async -> KubeError.Kind? {
    do throws(KubeError) {
        _ = try await body()
        return nil
    } catch {
        return error.kind
    }
}
