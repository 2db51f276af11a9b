import TestSupport
import Testing

/// The scripts in the shells that they are for.
@Suite("The command completion")
struct CompletionTests {
    /// What each shell offers for the last of `words`, sorted.
    private func offered(_ words: [String], by shell: String) async throws -> [String] {
        let script = try await Binary.run(["completion", shell])
        #expect(script.status == 0 && script.errors.isEmpty)
        let root = try TemporaryDirectory()
        try writeFile(root("script"), script.output)
        try makeDirectory(root("folder"))
        try writeFile(root("folder/a.yaml"), "")
        try writeFile(root("folder/my file.yaml"), "")
        let program: String
        switch shell {
        case "bash":
            // bash splits words at "=" before it calls the function.
            let split = words.flatMap { word in
                guard word.hasPrefix("--"), let at = word.firstIndex(of: "=") else { return [word] }
                return [String(word[..<at]), "="]
                    + (word.hasSuffix("=") ? [] : [String(word[word.index(after: at)...])])
            }
            program = """
                . ../script; COMP_WORDS=(secrets-distributor \(split.map { "'\($0)'" }.joined(separator: " ")))
                COMP_CWORD=\(split.count); _secrets_distributor; printf '%s\\n' "${COMPREPLY[@]}"
                """
        case "zsh":
            // As bashcompinit calls it; zsh itself then drops what does not start with the word.
            program = """
                . ../script; COMP_WORDS=(secrets-distributor \(words.map { "'\($0)'" }.joined(separator: " ")))
                emulate sh; COMP_CWORD=\(words.count); _secrets_distributor; printf '%s\\n' "${COMPREPLY[@]}"
                """
        default:
            program = ". ../script; complete -C 'secrets-distributor \(words.joined(separator: " "))' | cut -f 1"
        }
        let options = shell == "bash" ? ["--norc"] : shell == "zsh" ? ["-f"] : ["--no-config"]
        let ended = try await Binary(
            ["-C", root("folder"), shell] + options + ["-c", program], environment: ["HOME": root("folder")],
            program: "env"
        ).ended()
        #expect(ended.status == 0 && ended.errors.isEmpty, "\(ended.errors)")
        let offers = Set(ended.output.split(separator: "\n").map { String($0) }).sorted()
        return shell == "zsh" ? offers.filter { $0.hasPrefix(words.last ?? "") } : offers
    }

    @Test(
        "offers commands, flags and values of the command, in each shell",
        arguments: ["bash", "zsh", "fish"],
        [
            (["ch"], ["check"]), (["completion", ""], ["bash", "fish", "zsh"]),
            (["check", "--pol"], ["--policy"]), (["run", "s"], []), (["check", "--lease"], []),
            (["convert", "--man"], ["--managed-by"]),
            (["run", "--lease-na"], ["--lease-name", "--lease-namespace"]),
            (["--lease-name"], ["--lease-name", "--lease-namespace"]),
            (["plan", "--output", ""], ["json", "table"]), (["check", "--output", "g"], ["github"]),
            (["export", "--format", "a"], ["aws-iam", "azure-rbac"]), (["sync", "--log-level", "w"], ["warning"]),
            (["check", "m"], ["my file.yaml"]), (["check", "a"], ["a.yaml"]), (["check", "--policy", "a"], ["a.yaml"]),
        ])
    func offers(shell: String, expected: (words: [String], offered: [String])) async throws {
        #expect(try await offered(expected.words, by: shell) == expected.offered, "\(shell): \(expected.words)")
    }

    @Test("offers the values of a flag after an equals sign", arguments: ["bash", "zsh", "fish"])
    func equalsSign(shell: String) async throws {
        let prefix = shell == "bash" ? "" : "--output="
        #expect(try await offered(["check", "--output=g"], by: shell) == ["\(prefix)github"])
    }
}
