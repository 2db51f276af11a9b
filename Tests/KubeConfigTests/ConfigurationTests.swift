import Kube
import Observability
import TestSupport
import TestTraits
import Testing

@testable import KubeConfig

@Suite(.tags(.unsafeMemory))
struct ConfigurationTests {
    @Test(arguments: [
        ("https://h", "https://h:443"), ("https://10.0.0.1:6443/", "https://10.0.0.1:6443"),
        ("HTTP://localhost:8001", "http://localhost:8001"), ("https://[::1]:6443", "https://[::1]:6443"),
        ("https://[fd00::1]", "https://[fd00::1]:443"),
        ("https://rancher/k8s/clusters/c-1/", "https://rancher:443/k8s/clusters/c-1"),
    ])
    func `a server's URL has a scheme, a host and a port`(text: String, url: String) {
        #expect(ServerURL(text)?.text() == url)
    }

    @Test(arguments: [
        "", "h:6443", "ftp://h", "https://", "https://:6443", "https://h:0", "https://h:65536", "https://h:x",
        "https://u@h", "https://h?q", "https://h/a b", "https://[::1", "https://[::1]x",
        "https://u:p@\u{301}h", "https://h?\u{301}q", "https://h/\u{301}", "https://h/\u{1}", "https://h\u{e9}",
    ])
    func `other texts are not server URLs`(text: String) {
        #expect(ServerURL(text) == nil)
    }

    @Test func `an IPv6 address of the service is written in brackets`() throws {
        let folder = try ScratchFolder()
        try folder.write("token", "t")
        try folder.write("ca.crt", "c")
        let configuration = try ClusterConfiguration.inCluster(
            environment: ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"],
            directory: folder.path)
        #expect("\(configuration)" == "https://[fd00::1]:443")
        #expect(configuration.namespace == nil)
    }

    @Test func `outside of a pod, the error names the missing variable or file`() throws {
        let none = #expect(throws: ConfigurationError.self) { try ClusterConfiguration.inCluster(environment: [:]) }
        #expect(none?.description == "KUBERNETES_SERVICE_HOST, expected the API server's address")
        let folder = try ScratchFolder()
        let environment = ["KUBERNETES_SERVICE_HOST": "h", "KUBERNETES_SERVICE_PORT": "443"]
        let file = #expect(throws: ConfigurationError.self) {
            try ClusterConfiguration.inCluster(environment: environment, directory: folder.path)
        }
        #expect(file?.source == folder("token"))
        #expect(file?.value == "No such file or directory")
    }

    private func configuration(
        _ user: String, cluster: String = #""server":"https://h""#
    ) throws(ConfigurationError) -> ClusterConfiguration {
        let json = """
            {"current-context":"c","clusters":[{"name":"k","cluster":{\(cluster)}}],
             "users":[{"name":"u","user":{\(user)}}],"contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}]}
            """
        return try ClusterConfiguration(
            KubeconfigFiles([("/etc/k/config", Kubeconfig(json: Array(json.utf8), file: "/etc/k/config"))]))
    }

    @Test func `relative paths are relative to the kubeconfig, and inline data take precedence`() throws {
        let result = try configuration(
            #""client-certificate":"a.crt","client-key":"/b.key","client-key-data":"a2V5","tokenFile":"t","token":"x""#,
            cluster:
                #""server":"https://h","certificate-authority":"pki/ca.crt","tls-server-name":"n","proxy-url":"http://p:1""#
        )
        #expect(result.certificate == .file("/etc/k/a.crt"))
        #expect(result.key == .inline(Array("key".utf8)))
        #expect(result.authority == .file("/etc/k/pki/ca.crt"))
        #expect(result.tlsServerName == "n" && result.proxy == "http://p:1")
        guard case .file("/etc/k/t") = result.token else {
            Issue.record("no token file")
            return
        }
    }

    @Test func `base64 may be written on several lines`() throws {
        let result = try configuration(#""client-certificate":"a","client-key-data":" a2V5\r\na2V5\n""#)
        #expect(result.key == .inline(Array("keykey".utf8)))
    }

    @Test(arguments: [
        ("aws", "aws"), ("./bin/aws", "/etc/k/./bin/aws"), ("/bin/aws", "/bin/aws"),
        ("bin/\u{301}", "/etc/k/bin/\u{301}"), ("/\u{301}", "/\u{301}"),
    ])
    func `a plugin's path is relative to the kubeconfig; a name is searched in PATH`(command: String, path: String)
        throws
    {
        let result = try configuration(
            #""exec":{"apiVersion":"client.authentication.k8s.io/v1beta1","command":"\#(command)","args":["a"],"#
                + #""env":[{"name":"N","value":"V"}],"interactiveMode":"Never","provideClusterInfo":true,"installHint":"x"}"#
        )
        guard case .exec(let plugin) = result.token else {
            Issue.record("no plugin")
            return
        }
        #expect(plugin.command == path)
        #expect(plugin.arguments == ["a"] && plugin.environment == ["N": "V"] && plugin.providesClusterInfo)
    }

    @Test(arguments: [
        (#""client-certificate":"a""#, "users[0].user, expected a client certificate and its key, or neither"),
        (
            #""client-key-data":"***","client-certificate":"a""#,
            "users[0].user.client-key-data, expected PEM in base64"
        ),
        (
            #""client-key-data":"a2V5***","client-certificate":"a""#,
            "users[0].user.client-key-data, expected PEM in base64"
        ),
        (
            #""client-key-data":"a2V5\#u{a0}","client-certificate":"a""#,
            "users[0].user.client-key-data, expected PEM in base64"
        ),
        (
            #""exec":{"apiVersion":"client.authentication.k8s.io/v1alpha1","command":"a"}"#,
            "users[0].user.exec.apiVersion is \"client.authentication.k8s.io/v1alpha1\", expected "
                + "client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1"
        ),
        (
            #""username":"a","password":"hunter2""#,
            "users[0].user.username, expected a token, a client certificate or an exec plugin instead"
        ),
        (
            #""auth-provider":{"name":"gcp","config":{"k":"v"}}"#,
            "users[0].user.auth-provider, expected a token, a client certificate or an exec plugin instead"
        ),
    ])
    func `the error for an invalid user names the user and the field`(user: String, text: String) {
        let error = #expect(throws: ConfigurationError.self) { try configuration(user) }
        #expect(error?.description == "/etc/k/config: \(text)")
    }

    @Test(arguments: ["https://u:hunter2@h", "https://u:hunter2@\u{301}h", "u:hunter2@\u{301}"])
    func `a password in a server's URL is not printed`(server: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try configuration("", cluster: #""server":"\#(server)""#)
        }
        #expect(
            error?.description
                == "/etc/k/config: clusters[0].cluster.server, expected an https URL without a user")
    }

    @Test func `a configuration cannot be printed with its credentials`() throws {
        var configuration = try configuration(#""token":"hunter2""#)
        configuration.key = .inline(Array("hunter2".utf8))
        var text = "\(configuration) \(String(reflecting: configuration))"
        dump(configuration, to: &text)
        var endpoint = Endpoint(server: configuration.server)
        (endpoint.key, endpoint.token) = ([1, 2, 3], "hunter2")
        dump(endpoint, to: &text)
        #expect(!text.contains("hunter2") && !text.contains("104"))
    }
}
