import FoundationEssentials
import TestSupport
import TestTraits
import Testing

/// Tests what tenants see, with a current kubectl and an old one.
@Suite("kubectl", .endsIfHung)
struct KubectlTests {
    /// A table as kubectl prints it: a cell starts below its heading.
    private struct Table {
        let headings: [String]
        private let rows: [[String]]

        init(_ text: String) {
            let lines = text.split(separator: "\n")
            let header = Array(lines.first ?? "")
            let starts = header.indices.filter {
                header[$0] != " " && ($0 == 0 || header[$0 - 1] == " ")
            }
            let cells = { (line: Substring) in
                let line = Array(line)
                return starts.enumerated().map { index, start in
                    let end = index + 1 < starts.count ? min(starts[index + 1], line.count) : line.count
                    let cell = start < end ? String(line[start..<end]) : ""
                    return cell.split(separator: " ").joined(separator: " ")
                }
            }
            headings = cells(lines.first ?? "")
            rows = lines.dropFirst().map(cells)
        }

        /// The cells of a row, by heading.
        func row(_ name: String) -> [String: String] {
            let row = rows.first { $0.first == name } ?? []
            return Dictionary(uniqueKeysWithValues: zip(headings, row))
        }
    }

    @Test(
        "shows for each distribution its Secret, its state and its last rotation", arguments: Kubectl.Version.allCases
    )
    func columns(_ version: Kubectl.Version) async throws {
        let world = try await World()
        let kubectl = try await Kubectl(version, on: world.server, namespace: world.namespace)
        try AtomicVolume(world.mount).write(["a": "1", "b": "2"])
        try await world.create(world.distribution("good", secret: "made", [("a", "x"), ("b", "y")]))
        try await world.create(world.distribution("bad", [("absent", "x")]))
        try await world.withAgent {
            try await world.expect("good", .synced)
            try await world.expect("bad", .sourceNotFound)
        }
        let short = Table(try await kubectl("get", "sd").output)
        #expect(short.headings == ["NAME", "SECRET", "READY", "REASON", "ROTATED", "AGE"])
        let good = short.row("good")
        #expect(good["SECRET"] == "made")
        #expect(good["READY"] == "True")
        #expect(good["REASON"] == "Synced")
        // Ages: 7s, 2m3s.
        for column in ["ROTATED", "AGE"] {
            #expect(good[column]?.contains(/^([0-9]+[smh])+$/) == true, "\(column): \(good[column] ?? "")")
        }
        let bad = short.row("bad")
        #expect(bad["READY"] == "False")
        #expect(bad["REASON"] == "SourceNotFound")
        #expect(bad["ROTATED"] == "")

        let wide = Table(try await kubectl("get", "secretsdistributions", "--output", "wide").output)
        #expect(wide.headings == short.headings + ["LASTUPDATED", "STATUS", "FILES"])
        let all = wide.row("good")
        #expect(all["FILES"] == #"[{"from":"a","optional":false,"to":"x"},{"from":"b","optional":false,"to":"y"}]"#)
        let status = try await world.distribution("good").status
        #expect(all["LASTUPDATED"] == status.lastUpdated)
        #expect(all["STATUS"] == status.statusText)
    }

    @Test("explains the fields, and describes a distribution with its state", arguments: Kubectl.Version.allCases)
    func explains(_ version: Kubectl.Version) async throws {
        let world = try await World()
        let kubectl = try await Kubectl(version, on: world.server, namespace: world.namespace)
        // The server publishes the schema of a definition shortly after it serves the resource.
        #expect(
            try await eventually {
                try await kubectl("explain", "sd.spec.secrets.from").output.contains("Path of the source file")
            })
        let all = try await kubectl("explain", "secretsdistributions.spec.secrets", "--recursive")
        #expect(all.status == 0)
        for field in ["from", "to", "optional"] {
            #expect(all.output.contains(try Regex("(?m)^ +\(field)\t<(string|boolean)>")), "\(all.output)")
        }
        for (path, words) in [
            ("sd", "Specifies which source files"), ("sd.spec", "The Secret and the source files of its keys"),
            ("sd.metadata", "Standard object's metadata"), ("sd.status.conditions.reason", "The cause in one word"),
        ] {
            #expect(try await kubectl("explain", path).output.contains(words), "\(path)")
        }

        try AtomicVolume(world.mount).write(["a": "1"])
        try await world.create(world.distribution("bad", [("absent", "x")]))
        try await world.withAgent { try await world.expect("bad", .sourceNotFound) }
        let message = try #require(try await world.distribution("bad").status.ready?.message)
        let described = try await kubectl("describe", "sd", "bad").output
        #expect(described.contains(message))
        #expect(described.contains("SourceNotFound"))
    }

    @Test("accepts the example's distributions", arguments: Kubectl.Version.allCases)
    func takesGoodOnes(_ version: Kubectl.Version) async throws {
        let world = try await World()
        let kubectl = try await Kubectl(version, on: world.server, namespace: world.namespace)
        for name in ["wildcard-tls", "jupyter-cookie"] {
            let text = String(decoding: try World.text("sidecar-example/distributions/\(name).yaml"), as: UTF8.self)
            let here = text.replacing(/(?m)^  namespace: .*$/, with: "  namespace: \(world.namespace)")
            let applied = try await kubectl.apply(here)
            #expect(applied.status == 0, "\(applied.errors)")
        }
        #expect(try await kubectl("get", "sd", "--output", "name").output.split(separator: "\n").count == 2)
    }

    /// A typing error is rejected by the published schema before kubectl sends anything, or by a server with strict
    /// decoding (since 1.25, if kubectl requests it). If these are turned off, the server's validation rejects it.
    @Test("rejects a typing error with a message that names the field", arguments: Kubectl.Version.allCases)
    func refusesTypingErrors(_ version: Kubectl.Version) async throws {
        let world = try await World()
        let kubectl = try await Kubectl(version, on: world.server, namespace: world.namespace)
        let text = """
            apiVersion: xlscsde.nhs.uk/v1
            kind: SecretsDistribution
            metadata: {name: typing-error}
            spec:
              name: app
              deletionpolicy: Delete
              secrets:
                - form: a
                  to: a
            """
        var said = ""
        #expect(
            try await eventually {
                let refused = try await kubectl.apply(text)
                said = refused.errors
                return refused.status != 0 && said.contains(/unknown field "(spec\.secrets\[0\]\.)?form"/)
            }, "\(said)")
        #expect(said.contains(/unknown field "(spec\.)?deletionpolicy"/))

        let server = try await kubectl.apply(text, "--validate=false")
        #expect(server.status != 0)
        // Newer servers name the element.
        #expect(server.errors.contains(/spec\.secrets(\[0\])?\.from: Required value/), "\(server.errors)")

        let values = text.replacing("form:", with: "from:").replacing(
            "deletionpolicy: Delete", with: "deletionPolicy: Del"
        )
        .replacing("to: a", with: "to: a b")
        let refused = try await kubectl.apply(values)
        #expect(refused.status != 0)
        #expect(refused.errors.contains(#"spec.deletionPolicy: Unsupported value: "Del""#), "\(refused.errors)")
        #expect(refused.errors.contains(/spec\.secrets(\[0\])?\.to/), "\(refused.errors)")
        #expect(try await kubectl("get", "sd", "typing-error").status != 0)
    }
}
