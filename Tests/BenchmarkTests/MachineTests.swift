import Observability
import Testing

@testable import benchmark

struct MachineTests {
    @Test func `results contain the machine and the measured commit`() async throws {
        let results = try await Results.here(isQuick: true, startedAt: Timestamp(seconds: 0))
        let machine = results.machine
        #expect(machine.cores > 0 && machine.memory > 64 << 20)
        #expect(machine.servers.contains(/^kube-apiserver v\d.*, etcd \d/))
        for text in [machine.processor, machine.system, machine.kernel, machine.compiler, results.commit] {
            #expect(!text.isEmpty && text != "unknown" && text.first != " " && !text.contains("\""))
        }
        #expect(results.startedAt == "1970-01-01T00:00:00Z" && results.isQuick)
    }
}
