import FoundationEssentials
import Kube
import KubeConfig
import LinuxIO
import TestSupport
import TestTraits
import Testing

@testable import KubeCurl

@Suite("Tasks on the curl thread", .tags(.concurrent, .unsafeMemory), .endsIfHung)
struct ExecutorTests {
    /// The kernel's name of the current thread.
    private static var threadName: String {
        let name = try? Data(contentsOf: URL(fileURLWithPath: "/proc/thread-self/comm"))
        return String(decoding: name ?? Data(), as: UTF8.self).filter { $0 != "\n" }
    }

    @Test("stay there while they wait for a response")
    func response() async throws {
        let server = try await APIServer.shared()
        let transport = try CurlTransport()
        defer { transport.shutdown() }
        let endpoint = try await Credentials(server.configuration(through: server.port)).endpoint()
        await withTaskExecutorPreference(transport.executor) {
            #expect(Self.threadName == "curl")
            for _ in 0..<3 {
                let response = try? await transport.send(.get(path: "/version"), to: endpoint).response
                #expect(response?.isSuccess == true)
                #expect(Self.threadName == "curl")
            }
        }
        #expect(Self.threadName != "curl")
    }

    @Test("do not keep transfers from progress, however often they are run again")
    func busy() async throws {
        let server = try await APIServer.shared()
        let transport = try CurlTransport()
        defer { transport.shutdown() }
        let endpoint = try await Credentials(server.configuration(through: server.port)).endpoint()
        try await withThrowingTaskGroup { group in
            group.addTask(executorPreference: transport.executor) { while !Task.isCancelled { await Task.yield() } }
            let response = try await transport.send(.get(path: "/version"), to: endpoint).response
            #expect(response.isSuccess)
            group.cancelAll()
        }
    }

    @Test("finish after the thread has ended, also those that start then")
    func shutdown() async throws {
        let server = try await APIServer.shared()
        let proxy = try FaultyProxy(to: server.port)
        defer { proxy.stop() }
        let transport = try CurlTransport()
        let endpoint = try await Credentials(server.configuration(through: proxy.port)).endpoint()
        #expect(try await transport.send(.get(path: "/version"), to: endpoint).response.isSuccess)
        proxy.freeze()
        let sent = LineRecorder()
        await withTaskGroup { group in
            for _ in 0..<10 {
                group.addTask(executorPreference: transport.executor) {
                    sent.add("request")
                    let failure = await #expect(throws: TransportFailure.self) {
                        _ = try await transport.send(.get(path: "/"), to: endpoint)
                    }
                    #expect(failure == .shutDown)
                    for _ in 0..<100 { await Task.yield() }
                }
            }
            #expect(await eventually { sent.lines.count == 10 })
            transport.shutdown()
        }
        await withTaskExecutorPreference(transport.executor) { sent.add("after the end") }
        #expect(sent.lines.last == "after the end")
    }
}
