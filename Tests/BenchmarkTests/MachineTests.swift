import Testing

@testable import benchmark

struct MachineTests {
    @Test func `an origin has the machine and the measured commit`() async throws {
        let origin = try await Origin.here()
        let machine = origin.machine
        #expect(machine.cores > 0 && machine.memory > 64 << 20)
        #expect(machine.servers.contains(/^kube-apiserver v\d.*, etcd \d/))
        for text in [machine.processor, machine.system, machine.kernel, machine.compiler, origin.commit] {
            #expect(!text.isEmpty && text != "unknown" && text.first != " " && !text.contains("\""))
        }
    }
}
