import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// What the program tells an application about new files.
@Suite("A notification")
struct NotificationTests {
    /// The certificate that a TLS server presents, as PEM; nil if it cannot be reached.
    private func certificate(at port: Int) async throws -> String? {
        let run = try await ToolRun.run(["openssl", "s_client", "-connect", "127.0.0.1:\(port)"])
        guard let start = run.output.firstRange(of: "-----BEGIN CERTIFICATE-----"),
            let end = run.output.firstRange(of: "-----END CERTIFICATE-----")
        else { return nil }
        return run.output[start.lowerBound..<end.upperBound] + "\n"
    }

    @Test("makes nginx present a rotated certificate")
    func nginx() async throws {
        let world = try OutputWorld("files")
        let (old, new) = (try TLSPair.make("old.example"), try TLSPair.make("new.example"))
        let volume = try AtomicVolume(world.mount)
        try volume.write(["pem": old.certificate + old.key])
        try world.distribute("tls", ["tls.crt": "pem", "tls.key": "pem"])
        // The type splits the file into certificate and key.
        let manifest = world.root("in/team-tls.yaml")
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: manifest)), as: UTF8.self)
        try writeFile(manifest, text.replacing("spec:\n", with: "spec:\n  type: kubernetes.io/tls\n"))

        // A name of its own, so that no other nginx of this machine is told.
        let name = "nginx-\(getpid())"
        let settings = ["NOTIFY_PROCESS": name, "NOTIFY_SIGNAL": "HUP"]
        #expect(try await world.run("sync", settings).status == 0)
        #expect(world.file("tls/tls.crt") == old.certificate)

        try await Command.run(["cp", "/usr/sbin/nginx", world.root(name)])
        let port = LoopbackPort.reserve()
        try writeFile(
            world.root("nginx.conf"),
            """
            daemon off;
            user root;
            worker_processes 2;
            pid \(world.root("pid"));
            error_log \(world.root("error.log")) notice;
            events {}
            http {
                access_log off;
                client_body_temp_path \(world.root("body"));
                proxy_temp_path \(world.root("proxy"));
                fastcgi_temp_path \(world.root("fastcgi"));
                uwsgi_temp_path \(world.root("uwsgi"));
                scgi_temp_path \(world.root("scgi"));
                server {
                    listen 127.0.0.1:\(port) ssl;
                    ssl_certificate \(world.output)/tls/tls.crt;
                    ssl_certificate_key \(world.output)/tls/tls.key;
                }
            }
            """)
        let nginx = try await ServerProcess(
            world.root(name), ["-c", world.root("nginx.conf"), "-e", world.root("error.log")], log: world.root("log"))
        #expect(
            try await eventually { try await certificate(at: port) == old.certificate },
            "\(Files.text(world.root("log")))\(Files.text(world.root("error.log")))")

        let program = try await world.start(settings)
        #expect(await eventually { program.errors.contains("first pass done") })
        try volume.write(["pem": new.certificate + new.key])
        #expect(
            try await eventually { try await certificate(at: port) == new.certificate },
            "\(program.errors)\(Files.text(world.root("error.log")))")
        #expect(await eventually { program.logged("\"notification sent\"") == 1 }, "\(program.errors)")
        #expect(program.errors.contains("\"receiver\":\"SIGHUP to process \(name)\""))
        // The main process alone was told: workers would log the signal too.
        let received = Files.text(world.root("error.log")).split(separator: "\n").count {
            $0.contains("(SIGHUP) received from")
        }
        #expect(received == 1, "\(Files.text(world.root("error.log")))")
        await program.stop()
        await nginx.kill()
    }

    @Test("by a signal waits for a process that handles it, and spares one that does not")
    func waits() async throws {
        let world = try OutputWorld("json")
        try world.source("a", "one")
        try world.distribute("app", ["A": "a"])
        let name = "app-\(getpid())-w"
        try await Command.run(["cp", "/bin/dash", world.root(name)])
        let program = try await world.start(["NOTIFY_PROCESS": name, "NOTIFY_SIGNAL": "SIGUSR1"])
        await world.expect("app.json", "{\n  \"A\": \"one\"\n}\n", program)
        #expect(await eventually { program.errors.contains("there is no process \(name)") }, "\(program.errors)")
        let script = """
            while ! [ -e \(world.root("go")) ]; do sleep 0.05; done
            trap 'echo got' USR1; echo ready; while :; do sleep 0.05; done
            """
        let process = try await ServerProcess(world.root(name), ["-c", script], log: world.root("log"))
        #expect(await eventually { program.errors.contains("does not handle SIGUSR1") }, "\(program.errors)")
        #expect(!process.hasEnded)
        try writeFile(world.root("go"), "")
        #expect(await eventually { Files.text(world.root("log")).contains("got") }, "\(program.errors)")
        await world.expectLogged("\"notification sent\"", 1, program)
        await program.stop()
        await process.kill()
    }

    @Test("by a signal reaches each process once, while another one cannot be signalled yet")
    func once() async throws {
        let world = try OutputWorld("json")
        try world.source("a", "one")
        try world.distribute("app", ["A": "a"])
        let name = "app-\(getpid())-o"
        try await Command.run(["cp", "/bin/dash", world.root(name)])
        let script = "trap 'echo got' USR1; echo ready; while :; do sleep 0.05; done"
        let ready = try await ServerProcess(world.root(name), ["-c", script], log: world.root("ready"))
        let later = try await ServerProcess(
            world.root(name), ["-c", "while ! [ -e \(world.root("go")) ]; do sleep 0.05; done; \(script)"],
            log: world.root("later"))
        #expect(await eventually { Files.text(world.root("ready")).contains("ready") })
        let listen = LoopbackPort.reserve()
        let program = try await world.start([
            "NOTIFY_PROCESS": name, "NOTIFY_SIGNAL": "USR1", "LISTEN_ADDRESS": "127.0.0.1:\(listen)",
        ])
        await world.expectLogged("\"notification failed, retrying\"", 1, program)
        let isRepeated = try await eventually {
            let failed = try await metric("secrets_distributor_notifications_total{result=\"failed\"}", at: listen)
            return (failed.flatMap { Int($0) } ?? 0) >= 3
        }
        #expect(isRepeated, "\(program.errors)")
        try writeFile(world.root("go"), "")
        await world.expectLogged("\"notification sent\"", 1, program)
        #expect(await eventually { Files.text(world.root("later")).contains("got") })
        let count = Files.text(world.root("ready")).split(separator: "\n").count { $0 == "got" }
        #expect(count == 1, "\(program.errors)")
        await program.stop()
        for process in [ready, later] { await process.kill() }
    }

    /// A receiver that writes each body to a file of its own, and answers with the status in the file `status`.
    private static let receiver = """
        import http.server, json, os, sys
        folder, port = sys.argv[1], int(sys.argv[2])
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = int(open(folder + "/status").read())
                with open(folder + "/requests", "a") as file:
                    file.write("%d %s %s %s\\n" % (status, self.path, self.headers["Content-Type"], body.decode()))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
            def log_message(self, *arguments): pass
        http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
        """

    @Test("by HTTP waits for the receiver, is repeated until it succeeds, and comes once for each rotation")
    func request() async throws {
        let world = try OutputWorld("json")
        for name in ["app", "bpp", "cpp"] { try world.distribute(name, ["A": name == "cpp" ? "other" : "a"]) }
        try world.source("a", "hunter1")
        try world.source("other", "hunter2")
        #expect(try await world.run().status == 0)
        let port = LoopbackPort.reserve()
        let url = "http://127.0.0.1:\(port)/-/reload?full=1"
        let listen = LoopbackPort.reserve()
        let program = try await world.start(["NOTIFY_URL": url, "LISTEN_ADDRESS": "127.0.0.1:\(listen)"])
        #expect(await eventually { program.errors.contains("first pass done") })
        // Nothing was written, so nobody is told.
        #expect(program.logged("notification") == 0)
        try world.source("a", "hunter3")
        await world.expectLogged("\"notification failed, retrying\"", 1, program)
        #expect(program.errors.contains("no connection:"))
        // The path and the query may hold a token.
        #expect(program.errors.contains("\"receiver\":\"http://127.0.0.1:\(port)\""), "\(program.errors)")
        #expect(!program.errors.contains("full=1"))
        #expect(
            try await eventually { try await metric("secrets_distributor_notification_pending", at: listen) == "1" })

        // The receiver appears, and fails at first.
        try writeFile(world.root("status"), "503")
        try writeFile(world.root("receiver.py"), Self.receiver)
        let receiver = try await ServerProcess(
            "python3", [world.root("receiver.py"), world.root.path, "\(port)"], log: world.root("log"))
        let requests = { Files.text(world.root("requests")).split(separator: "\n").map(String.init) }
        #expect(await eventually { requests().contains { $0.hasPrefix("503 ") } }, "\(Files.text(world.root("log")))")
        // A rotation in the meantime is added.
        try world.source("other", "hunter4")
        await world.expect("cpp.json", "{\n  \"A\": \"hunter4\"\n}\n", program)
        #expect(await eventually { requests().contains { $0.contains("cpp") } })
        try writeFile(world.root("status"), "204")
        await world.expectLogged("\"notification sent\"", 1, program)
        let body = { (names: String) in "204 /-/reload?full=1 application/json {\"secrets\":[\(names)]}" }
        #expect(requests().last == body("\"app\",\"bpp\",\"cpp\""))
        #expect(
            try await eventually { try await metric("secrets_distributor_notification_pending", at: listen) == "0" })

        // One request for each rotation, however many Secrets it changes.
        for count in 2...4 {
            try world.source("a", "hunter\(count)0")
            await world.expectLogged("\"notification sent\"", count, program)
            #expect(requests().last == body("\"app\",\"bpp\""))
        }
        #expect(requests().count { $0.hasPrefix("204") } == 4)
        // The endpoint may answer with figures that are a moment old.
        #expect(
            try await eventually {
                try await metric("secrets_distributor_notifications_total{result=\"delivered\"}", at: listen) == "4"
            })
        // Metadata is not content.
        try world.distribute("app", ["A": "a"], labels: "{team: x}")
        #expect(await eventually { world.file(".secrets-distributor/app.json")?.contains("team") == true })
        try world.source("a", "hunter50")
        await world.expectLogged("\"notification sent\"", 5, program)
        #expect(requests().count { $0.hasPrefix("204") } == 5)
        #expect(!(Files.text(world.root("requests")) + program.errors).contains("hunter"))
        await program.stop()
        await receiver.kill()
    }

    @Test("that is due when the program is killed is sent by the next one", arguments: ["json", "manifests"])
    func killed(_ format: String) async throws {
        let world = try OutputWorld(format)
        try world.distribute("app", ["A": "a"])
        try world.source("a", "one")
        let port = LoopbackPort.reserve()
        let settings = ["NOTIFY_URL": "http://127.0.0.1:\(port)/"]
        // An init container tells nobody, now and later.
        #expect(try await world.run("sync", settings).status == 0)
        let program = try await world.start(settings)
        #expect(await eventually { program.errors.contains("first pass done") })
        try world.source("a", "two")
        await world.expectLogged("\"notification failed, retrying\"", 1, program)
        program.signal(SIGKILL)
        _ = await program.ended()
        try writeFile(world.root("status"), "200")
        try writeFile(world.root("receiver.py"), Self.receiver)
        let receiver = try await ServerProcess(
            "python3", [world.root("receiver.py"), world.root.path, "\(port)"], log: world.root("log"))
        let next = try await world.start(settings)
        await world.expectLogged("\"notification sent\"", 1, next)
        let name = format == "manifests" ? "team/app" : "app"
        #expect(Files.text(world.root("requests")).contains("{\"secrets\":[\"\(name)\"]}"))
        await next.stop()
        let last = try await world.start(settings)
        #expect(await eventually { last.errors.contains("first pass done") })
        #expect(await !happens(within: .seconds(1)) { last.logged("notification") > 0 })
        await last.stop()
        await receiver.kill()
    }

    private func metric(_ name: String, at port: Int) async throws -> String? {
        let run = try await ToolRun.run([
            "python3", "-c", "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())",
            "http://127.0.0.1:\(port)/metrics",
        ])
        return run.output.split(separator: "\n").first { $0.hasPrefix("\(name) ") }?.split(separator: " ").last
            .map(String.init)
    }

    @Test(
        "with a setting that cannot be used ends the program with 78 and an explanation",
        arguments: [
            (["NOTIFY_URL": "localhost"], "NOTIFY_URL is \"localhost\", expected an http or https URL"),
            (
                ["NOTIFY_PROCESS": "/usr/sbin/nginx"],
                "NOTIFY_PROCESS is \"/usr/sbin/nginx\", expected the name of a process"
            ),
            (["NOTIFY_SIGNAL": "HUP"], "NOTIFY_SIGNAL is \"HUP\", expected NOTIFY_PROCESS as well"),
            (
                ["NOTIFY_PROCESS": "a", "NOTIFY_SIGNAL": "FOO"],
                "NOTIFY_SIGNAL is \"FOO\", expected a signal such as HUP"
            ),
            (
                ["NOTIFY_PROCESS": "a", "NOTIFY_URL": "http://a"],
                "NOTIFY_PROCESS is \"a\", expected no NOTIFY_URL beside it"
            ),
            (
                ["NOTIFY_URL": "http://a", "OUTPUT_PATH": "", "DISTRIBUTIONS_PATH": "", "OUTPUT_FORMAT": ""],
                "NOTIFY_URL is \"http://a\", expected OUTPUT_PATH as well"
            ),
        ])
    func invalid(_ settings: [String: String], _ message: String) async throws {
        let world = try OutputWorld("files")
        let ended = try await world.run("run", settings)
        #expect(ended.status == 78)
        #expect(ended.errors.contains(message), "\(ended.errors)")
    }
}
