import Kube
import Testing

struct KubeconfigTests {
    private let file = "/home/me/.kube/config"

    private func config(_ current: String = #""c""#, cluster: String = "k", user: String = "u") throws -> Kubeconfig {
        let json = """
            {"apiVersion":"v1","kind":"Config","preferences":{},"current-context":\(current),
             "clusters":[{"name":"k","cluster":{"server":"https://h:6443","certificate-authority":"ca.crt"}}],
             "users":[{"name":"u","user":{"token":"t"}}],
             "contexts":[{"name":"c","context":{"cluster":"\(cluster)","user":"\(user)","namespace":"web"}},
                         {"name":"d","context":{"cluster":"k"}}]}
            """
        return try Kubeconfig(json: Array(json.utf8), file: file)
    }

    @Test func `the current context names cluster, user and namespace`() throws {
        let selection = try config().select(file: file)
        #expect(selection.cluster.server == "https://h:6443")
        #expect(selection.cluster.certificateAuthority == "ca.crt")
        #expect(selection.user?.token == "t")
        #expect(selection.namespace == "web")
    }

    @Test func `another context can be chosen, and needs no user`() throws {
        let selection = try config().select(context: "d", file: file)
        #expect(selection.user == nil)
        #expect(selection.namespace == "default")
    }

    @Test(arguments: [
        (#""""#, "k", "u", "/home/me/.kube/config: current-context, expected the name of a context"),
        (
            #""x""#, "k", "u",
            #"/home/me/.kube/config: current-context is "x", expected one of the contexts (c, d)"#
        ),
        (
            #""c""#, "x", "u",
            #"/home/me/.kube/config: contexts[0].context.cluster is "x", expected one of the clusters (k)"#
        ),
        (
            #""c""#, "k", "x",
            #"/home/me/.kube/config: contexts[0].context.user is "x", expected one of the users (u)"#
        ),
    ])
    func `a name that leads nowhere is named with its place`(
        current: String, cluster: String, user: String, text: String
    ) throws {
        let config = try config(current, cluster: cluster, user: user)
        do throws(ConfigurationError) {
            _ = try config.select(file: file)
            Issue.record("selected")
        } catch {
            #expect(error.description == text)
        }
    }

    @Test func `what is no kubeconfig is named by its place, not its value`() {
        do throws(ConfigurationError) {
            _ = try Kubeconfig(json: Array(#"{"users":[{"name":"u","user":{"token":["hunter2"]}}]}"#.utf8), file: file)
            Issue.record("decoded")
        } catch {
            #expect(error.description == "\(file): .users[0].user.token is no String, expected a kubeconfig")
        }
    }
}
