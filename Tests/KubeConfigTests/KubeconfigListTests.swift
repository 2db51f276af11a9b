import KubeConfig
import Observability
import TestSupport
import Testing

/// `KUBECONFIG` as a list of files.
struct KubeconfigListTests {
    private let folder: ScratchFolder

    init() throws {
        folder = try ScratchFolder()
        try folder.write(
            "cluster",
            """
            clusters: [{name: k, cluster: {server: "https://h", certificate-authority: ca.crt}}]
            current-context: c
            """)
        try folder.write("context", "contexts: [{name: c, context: {cluster: k, namespace: web}}]")
        try folder.write("broken", "contexts: [")
        try folder.write("empty", "")
    }

    private func configuration(_ names: String...) throws -> ClusterConfiguration {
        let paths = names.map { $0.isEmpty ? "" : folder($0) }
        return try Cluster.configuration(kubeconfig: paths.joined(separator: ":"))
    }

    @Test(arguments: [
        ["cluster", "context"], ["context", "cluster"], ["missing", "context", "", "cluster"],
        ["empty", "cluster", "cluster", "context"],
    ])
    func `the files are merged; missing or empty ones are skipped`(names: [String]) throws {
        let paths = names.map { $0.isEmpty ? "" : folder($0) }
        let result = try Cluster.configuration(kubeconfig: paths.joined(separator: ":"))
        #expect("\(result)" == "https://h:443" && result.namespace == "web")
        #expect(result.authority == .file(folder("ca.crt")))
    }

    @Test func `a file with a colon in its name is one file`() throws {
        try folder.write(
            "a:b",
            """
            {current-context: c, clusters: [{name: k, cluster: {server: "https://h"}}],
             contexts: [{name: c, context: {cluster: k}}]}
            """)
        #expect("\(try configuration("a:b"))" == "https://h:443")
    }

    @Test func `an error names the file that causes it`() throws {
        let broken = #expect(throws: ConfigurationError.self) { try configuration("cluster", "broken") }
        #expect(broken?.source == folder("broken"))
        let missing = #expect(throws: ConfigurationError.self) { try configuration("x", "y") }
        #expect(
            missing?.description
                == "KUBECONFIG is \"\(folder("x")):\(folder("y"))\", expected at least one kubeconfig that can be read:"
                + " No such file or directory")
        let one = #expect(throws: ConfigurationError.self) { try configuration("x") }
        #expect(one?.description.contains("expected a kubeconfig that can be read") == true)
        // A file that exists but is unreadable is not skipped.
        let folderItself = #expect(throws: ConfigurationError.self) { try configuration("cluster", "context", ".") }
        #expect(folderItself?.expected == "a kubeconfig that can be read: Is a directory")
        let incomplete = #expect(throws: ConfigurationError.self) { try configuration("cluster") }
        #expect(
            incomplete?.description
                == "\(folder("cluster")): current-context is \"c\", expected one of the contexts (there are none)")
        #expect(throws: ConfigurationError.self) { try Cluster.configuration(kubeconfig: ":") }
    }
}
