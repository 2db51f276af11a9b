import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// A page whose `sh` blocks are done one after the other in one shell, as its reader does, against a real API server.
///
/// A `text` block right behind one is what the reader is told to see; `…` stands for anything. A block that only looks
/// is done again until that is seen: a reader looks later than a test.
struct Walkthrough {
    private let folder: TemporaryDirectory
    private let environment: [String: String]

    /// - Parameters:
    ///   - files: names at the top of the repository that the page refers to.
    ///   - kubectl: its path.
    ///   - port: takes the place of 9895.
    init(_ page: Markdown, files: [String], kubectl: String, kubeconfig: String, port: Int) throws {
        folder = try TemporaryDirectory()
        for name in ["bin", "work", "blocks"] { try makeDirectory(folder(name)) }
        try makeLink(folder("bin/secrets-distributor"), to: Binary.path)
        // A kubectl before 1.25 does not know the rules of the definition, and refuses what it does not know.
        try writeFile(
            folder("bin/kubectl"),
            """
            #!/bin/sh
            [ "$*" = "apply -f sidecar-example/crd.yaml" ] && set -- "$@" --validate=false
            exec \(kubectl) "$@"

            """)
        try require("chmod", "kubectl", chmod(folder("bin/kubectl"), 0o700))
        for file in files { try makeLink(folder("work/\(file)"), to: World.path(file)) }
        environment = [
            "PATH": "\(folder("bin")):/usr/bin:/bin", "HOME": folder("work"), "KUBECONFIG": kubeconfig,
            "LISTEN_ADDRESS": "127.0.0.1:\(port)", "LANG": "C.UTF-8",
        ]
        try writeFile(folder("script"), try script(page, port: port))
    }

    func run() async throws -> Binary.Ended {
        try await Binary([folder("script")], environment: environment, program: "/bin/bash").ended()
    }

    private func script(_ page: Markdown, port: Int) throws -> String {
        var script = Self.prelude(folder.path)
        for (index, block) in page.blocks.enumerated() where block.language == "sh" {
            let text = block.text.replacing("localhost:9895", with: "127.0.0.1:\(port)")
            var mode = "once"
            if page.blocks.indices.contains(index + 1), page.blocks[index + 1].language == "text" {
                try writeFile(folder("blocks/\(index).expected"), Self.pattern(page.blocks[index + 1].text))
                if Self.looks.contains(where: text.hasPrefix) { mode = "again" }
            }
            script += "block_\(index)() {\n\(text)}\ndo_block \(index) \(mode) '\(page.path):\(block.line)'\n"
        }
        return script
    }

    /// What changes nothing begins with.
    private static let looks = ["kubectl get", "kubectl describe", "curl", "grep", "secrets-distributor explain"]

    /// As bash's `==` takes it.
    private static func pattern(_ text: String) -> String {
        text.map { $0 == "…" ? "*" : "*?[]\\".contains($0) ? "\\\($0)" : String($0) }.joined()
    }

    /// A command that fails fails its block, wherever in it that stands.
    private static func prelude(_ folder: String) -> String {
        """
        cd '\(folder)/work'
        trap 'jobs -p | xargs -r kill 2>/dev/null' EXIT
        set -E
        trap 'failed=$BASH_COMMAND' ERR
        do_block() {
            local files='\(folder)/blocks'/$1 end=$((SECONDS + 30)) expected
            while :; do
                failed=
                block_$1 >"$files.out" 2>&1
                if [ -z "$failed" ]; then
                    [ -e "$files.expected" ] || return 0
                    expected=$(<"$files.expected")
                    [[ $(<"$files.out") == $expected ]] && return 0
                fi
                [ "$2" = again ] && [ $SECONDS -lt $end ] || break
                sleep 0.2
            done
            echo "$3: ${failed:+this failed: $failed}"
            echo "--- output"
            cat "$files.out"
            [ ! -e "$files.expected" ] || { echo "--- expected"; cat "$files.expected"; }
            [ ! -e agent.log ] || { echo "--- log"; tail -5 agent.log; }
            exit 1
        }

        """
    }
}
