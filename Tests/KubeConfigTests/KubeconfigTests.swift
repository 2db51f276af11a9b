import KubeConfig
import Observability
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
        let selection = try KubeconfigFiles([(file, config())]).select()
        #expect(selection.cluster.server == "https://h:6443")
        #expect(selection.cluster.certificateAuthority == "ca.crt")
        #expect(selection.user?.token == "t")
        #expect(selection.namespace == "web")
    }

    @Test func `a context needs no user`() throws {
        let selection = try KubeconfigFiles([(file, config(#""d""#))]).select()
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
    func `a reference to a missing entry is reported with its place`(
        current: String, cluster: String, user: String, text: String
    ) throws {
        let config = try config(current, cluster: cluster, user: user)
        do throws(ConfigurationError) {
            _ = try KubeconfigFiles([(file, config)]).select()
            Issue.record("selected")
        } catch {
            #expect(error.description == text)
        }
    }

    @Test func `of several files the first with a name takes precedence, with its whole entry`() throws {
        let first = try Kubeconfig(
            json: Array(
                #"""
                {"current-context":"","contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}],
                 "users":[{"name":"other","user":{"token":"o"}},{"name":"u","user":{"client-certificate":"a.crt"}}]}
                """#.utf8), file: "/1/config")
        let second = try Kubeconfig(
            json: Array(
                #"""
                {"current-context":"c","contexts":[{"name":"c","context":{"cluster":"x","namespace":"web"}}],
                 "clusters":[{"name":"k","cluster":{"server":"https://h"}}],"users":[{"name":"u","user":{"token":"t"}}]}
                """#.utf8), file: "/2/config")
        let files = KubeconfigFiles([("/1/config", first), ("/2/config", second)])
        let selection = try files.select()
        // The second entry's namespace and token are not mixed in.
        #expect(selection.namespace == "default")
        #expect(selection.user?.token == nil && selection.user?.clientCertificate == "a.crt")
        #expect(selection.userPlace.file == "/1/config" && selection.userPlace.field == "users[1].user")
        #expect(selection.clusterPlace.file == "/2/config" && selection.cluster.server == "https://h")
        let none = #expect(throws: ConfigurationError.self) { try KubeconfigFiles([("/1/config", first)]).select() }
        #expect(none?.description == "/1/config: current-context, expected the name of a context")
    }

    @Test func `each field is read, and null is the same as a missing field`() throws {
        let json = """
            {"current-context":null,"contexts":null,"clusters":[{"name":"k","cluster":{"server":"s",
              "certificate-authority":"a","certificate-authority-data":"b","insecure-skip-tls-verify":true,
              "tls-server-name":"c","proxy-url":"d","extensions":[1]}}],
             "users":[{"name":"u","user":{"token":"t","tokenFile":"e","client-certificate":"f",
              "client-certificate-data":"g","client-key":"h","client-key-data":"i","username":"j","auth-provider":{},
              "exec":{"apiVersion":"v","command":"k","args":["l"],"env":[{"name":"m","value":"n"}],
               "provideClusterInfo":true}}},{"name":"none","user":null}]}
            """
        let config = try Kubeconfig(json: Array(json.utf8), file: file)
        #expect(config.currentContext == nil && config.contexts.isEmpty)
        let cluster = try #require(config.clusters.first?.cluster)
        #expect(cluster.server == "s" && cluster.certificateAuthority == "a" && cluster.certificateAuthorityData == "b")
        #expect(cluster.insecureSkipTLSVerify == true && cluster.tlsServerName == "c" && cluster.proxyURL == "d")
        #expect(config.users.map(\.name) == ["u", "none"] && config.users[1].user == nil)
        let user = try #require(config.users[0].user)
        #expect(user.token == "t" && user.tokenFile == "e" && user.username == "j" && user.hasAuthProvider)
        #expect(user.clientCertificate == "f" && user.clientCertificateData == "g")
        #expect(user.clientKey == "h" && user.clientKeyData == "i")
        let exec = try #require(user.exec)
        #expect(exec.apiVersion == "v" && exec.command == "k" && exec.args == ["l"] && exec.provideClusterInfo == true)
        #expect(exec.env?.map(\.name) == ["m"] && exec.env?.map(\.value) == ["n"])
    }

    @Test(
        "an invalid kubeconfig is reported with the place, not the value",
        arguments: [
            (#"{"users":[{"name":"u","user":{"token":["hunter2"]}}]}"#, ".users[0].user.token is not a string"),
            (#"{"users":[{"name":"u","user":{"token":{"hunter2":1}}}]}"#, ".users[0].user.token is not a string"),
            (#"{"users":[{"name":"u","user":"hunter2"}]}"#, ".users[0].user is not an object"),
            (#"{"users":"hunter2"}"#, ".users is not a list"), (#"{"users":[{}]}"#, ".users[0].name is missing"),
            ("[]", "the document is not an object"), ("null", "the document is not an object"),
            (#"{"clusters":[null]}"#, ".clusters[0] is not an object"),
            (#"{"clusters":[{"name":null}]}"#, ".clusters[0].name is missing"),
            (#"{"clusters":[{"name":"c","cluster":null}]}"#, ".clusters[0].cluster is missing"),
            (#"{"contexts":[{"name":"c","context":{"cluster":1}}]}"#, ".contexts[0].context.cluster is not a string"),
            (
                #"{"users":[{"name":"u","user":{"exec":{"apiVersion":"v","command":"c","args":[1]}}}]}"#,
                ".users[0].user.exec.args[0] is not a string"
            ),
            (
                #"{"users":[{"name":"u","user":{"exec":{"apiVersion":"v","command":"c","env":[{"name":"a"}]}}}]}"#,
                ".users[0].user.exec.env[0].value is missing"
            ),
            (
                #"{"clusters":[{"name":"c","cluster":{"insecure-skip-tls-verify":"hunter2"}}]}"#,
                ".clusters[0].cluster.insecure-skip-tls-verify is not true or false"
            ),
        ])
    func invalid(content: String, problem: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try Kubeconfig(json: Array(content.utf8), file: file)
        }
        #expect(error?.description == "\(file): \(problem), expected a kubeconfig")
    }
}
