import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// A page whose `sh` blocks run one after the other in one shell, as a reader runs them, on a real API server.
///
/// A `text` block directly after a block shows the expected output; `…` matches anything. A block that only reads is
/// repeated until its output matches, because a reader is slower than a test.
struct Walkthrough {
    private let folder: TemporaryDirectory
    private let environment: [String: String]

    /// - Parameters:
    ///   - files: top-level names of the repository that the page refers to.
    ///   - kubectl: its path.
    ///   - port: replaces 9895 of the loopback address.
    init(_ page: Markdown, files: [String], kubectl: String, kubeconfig: String, port: Int) throws {
        folder = try TemporaryDirectory()
        for name in ["bin", "work", "blocks"] { try makeDirectory(folder(name)) }
        try makeLink(folder("bin/secrets-distributor"), to: Binary.path)
        // A kubectl before 1.25 does not know the validation rules of the definition, and rejects unknown fields.
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
            let text = block.text.replacing(/(localhost|127\.0\.0\.1):9895/, with: "127.0.0.1:\(port)")
            var mode = "once"
            if page.blocks.indices.contains(index + 1), page.blocks[index + 1].language == "text" {
                try writeFile(folder("blocks/\(index).expected"), Self.pattern(page.blocks[index + 1].text))
                if Self.looks.contains(where: text.hasPrefix) { mode = "again" }
            }
            script += "block_\(index)() {\n\(text)}\ndo_block \(index) \(mode) '\(page.path):\(block.line)'\n"
        }
        return script
    }

    /// The start of commands that change nothing.
    private static let looks = ["kubectl get", "kubectl describe", "curl", "grep", "secrets-distributor explain"]

    /// The pattern for bash's `==`.
    private static func pattern(_ text: String) -> String {
        text.map { $0 == "…" ? "*" : "*?[]\\".contains($0) ? "\\\($0)" : String($0) }.joined()
    }

    /// A failing command fails its block, wherever in the block it is.
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
