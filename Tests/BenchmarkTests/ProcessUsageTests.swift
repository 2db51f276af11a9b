import Glibc
import TestSupport
import Testing

@testable import benchmark

struct ProcessUsageTests {
    @Test func `traffic includes only connections of one process, acknowledged and received`() {
        let text = """
            ESTAB 0 0 127.0.0.1:40404 127.0.0.1:6443 users:(("agent",pid=7,fd=8)) cubic bytes_sent:99 bytes_acked:10 bytes_received:5 x
            ESTAB 0 0 127.0.0.1:40405 127.0.0.1:6443 users:(("agent",pid=7,fd=9)) cubic bytes_received:3
            ESTAB 0 0 127.0.0.1:40406 127.0.0.1:6443 users:(("other",pid=77,fd=8)) cubic bytes_acked:1000 bytes_received:1000
            """
        #expect(ProcessUsage.traffic(of: 7, text) == ["127.0.0.1:40404": 15, "127.0.0.1:40405": 3])
    }

    @Test func `samples of a family are added up, without families whose names have the same prefix`() {
        let text =
            "HTTP/1.1 200 OK\r\n\r\n# TYPE writes counter\nwrites{result=\"a b\"} 2\nwrites{result=\"c\"} 3\nwrites_total 7\n"
        #expect(AgentProcess.sum(of: "writes", text) == 5)
        #expect(AgentProcess.sum(of: "writes_total", text) == 7)
        #expect(AgentProcess.sum(of: "none", text) == 0)
    }

    @Test func `the size of the image is that of its archive`() {
        #expect(
            Size.mebibytes("image: 31 MiB of packages and 13 MiB of program, 17 MiB compressed, in dist/a.tar\n") == 17)
        #expect(Size.mebibytes("image: cannot read the package lists") == nil)
    }

    @Test func `only successful responses of h2load count`() {
        #expect(Flood.successes("requests: …\nstatus codes: 98636 2xx, 0 3xx, 0 4xx, 364 5xx\n") == 98_636)
        #expect(Flood.successes("no answer") == nil)
    }

    @Test func `the resource use of a process is measured from outside`() async throws {
        let before = try await ProcessUsage(of: getpid(), port: 1)
        var sum = 0.0
        while try ProcessUsage.processorTime(of: getpid()) - before.processorTime < 0.05 { sum += sqrt(sum + 1) }
        let hasWoken = try await eventually {
            Span(from: before, to: try await ProcessUsage(of: getpid(), port: 1)).wakeUps > 0
        }
        let span = Span(from: before, to: try await ProcessUsage(of: getpid(), port: 1))
        #expect(hasWoken && sum > 0 && span.processorTime >= 0.05 && span.seconds > 0)
        #expect(span.wakeUps > 0 && span.wakeUps >= span.wakeUpsOfBusiest && span.bytes == 0)
        let memory = try MemoryUse(of: getpid())
        #expect(memory.anonymous > 0 && memory.anonymous < memory.resident && memory.resident <= memory.mostResident)
    }

    @Test func `measuring a process that does not exist fails`() async {
        #expect(throws: ProcessUsage.Failure.self) { try MemoryUse(of: 1 << 22 + 1) }
        await #expect(throws: ProcessUsage.Failure.self) { try await ProcessUsage(of: 1 << 22 + 1, port: 1) }
    }
}
