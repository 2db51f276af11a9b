import Agent
import Testing

@testable import secrets_distributor

/// Which commands take which flags and operands.
@Suite struct CommandFlagTests {
    @Test(
        "An unknown flag or command is reported",
        arguments: [
            (["--nonsense"], "unknown flag --nonsense"), (["--nonsense=1"], "unknown flag --nonsense"),
            (["--SECRETS_PATH=/a"], "unknown flag --SECRETS_PATH"), (["-x"], "unknown flag -x"),
            (["--secrets-path"], "--secrets-path needs a value"),
            (["sync", "--log-level"], "--log-level needs a value"),
            (
                ["destroy"],
                "unknown command \"destroy\", expected one of run, sync, plan, explain, check, convert, export, completion, version, help"
            ),
            (["check", "--policy"], "--policy needs a value"),
            (["--policy=a", "sync"], "--policy is a flag of check only; expected --policy-path"),
            (["run", "now"], "run takes no operand, got \"now\""),
            (
                ["run", "--dry-run", "false"],
                "run takes no operand, got \"false\"; a flag takes this value after \"=\", as in --dry-run=false"
            ),
            (["help", "me"], "help takes a command, got \"me\""),
            (["plan", "now"], "plan takes no operand, got \"now\""),
            (["explain"], "explain takes one operand, FROM, got 0"),
            (["explain", "a", "b"], "explain takes one operand, FROM, got 2"),
            (["plan", "--output"], "--output needs a value"),
            (["plan", "--output=xml"], "--output is \"xml\", expected table or json"),
            (["run", "--output=json"], "--output is a flag of sync, plan, explain and check only"),
            (["check", "--output", "table", "a.yaml"], "--output is \"table\", expected text, json or github"),
            (["explain", "a", "--output", "text"], "--output is \"text\", expected table, json or mermaid"),
            (["plan", "--account", "1"], "--account is a flag of export only"),
            (["check", "a", "--secrets-path=/a"], "check does not use --secrets-path"),
            (["version", "--dry-run"], "version does not use --dry-run"),
            (["completion"], "completion takes one of bash, zsh, fish, got none"),
            (["completion", "ksh"], "completion takes one of bash, zsh, fish, got \"ksh\""),
            (["version", "x"], "version takes no operand, got \"x\""),
            (
                ["--only-assigned", "false"],
                "unknown command \"false\", expected one of run, sync, plan, explain, check, convert, export, completion, version, help"
            ),
        ])
    func usage(arguments: [String], text: String) {
        #expect(throws: UsageError.self) { try Invocation(arguments) { _ in nil } }
        #expect(error(arguments) == text)
    }

    @Test("check accepts a policy, in both forms")
    func checkPolicy() throws {
        for words in [["--policy", "p.yaml"], ["--policy=p.yaml"]] {
            let invocation = try Invocation(["check"] + words + ["a.yaml"]) { _ in nil }
            #expect(invocation.policy == "p.yaml")
            #expect(invocation.operands == ["a.yaml"])
        }
    }

    @Test(
        "sync, plan and explain use the requested output, in both forms",
        arguments: [["sync"], ["plan"], ["explain", "a"]])
    func output(words: [String]) throws {
        #expect(try Invocation(words) { _ in nil }.output == .table)
        for flags in [["--output", "json"], ["--output=json"]] {
            #expect(try Invocation(words + flags) { _ in nil }.output == .json)
        }
    }

    @Test("plan is a dry run whatever DRY_RUN is, and sync never is")
    func dryRun() throws {
        #expect(try settings(["plan"]).dryRun)
        #expect(try settings(["plan"], ["DRY_RUN": "false"]).dryRun)
        #expect(try settings(["run", "--dry-run"]).dryRun)
        #expect(
            error(["sync"], ["DRY_RUN": "1"])
                == "DRY_RUN is \"1\", expected false with sync; plan shows what sync would write")
    }

    @Test("plan and explain need no Lease, and log only errors by default")
    func readers() throws {
        for words in [["plan"], ["explain", "a"]] {
            let quiet = try Invocation(words) { ["LEADER_ELECTION": "true", "LEASE_DURATION": "1s"][$0] }
            #expect(quiet.settings.logLevel == .error)
            #expect(!quiet.isGiven("LOG_LEVEL"))
            let told = try Invocation(words + ["--log-level=info"]) { _ in nil }
            #expect(told.settings.logLevel == .info)
            #expect(told.isGiven("LOG_LEVEL"))
        }
    }

    @Test("explain needs no output folder for a folder of distributions, and no operand for its help")
    func explainAlone() throws {
        #expect(try settings(["explain", "a"], ["DISTRIBUTIONS_PATH": "/d"]).distributionsPath == "/d")
        #expect(error(["explain", "a"], ["OUTPUT_PATH": "/o"])?.hasPrefix("OUTPUT_PATH is") == true)
        #expect(error(["plan"], ["DISTRIBUTIONS_PATH": "/d"])?.hasPrefix("DISTRIBUTIONS_PATH is") == true)
        #expect(try Invocation(["explain", "--help"]) { _ in nil }.wantsHelp)
    }

    @Test("An argument after -- is not a flag, and neither is -")
    func operands() throws {
        let invocation = try Invocation(["check", "a.yaml", "-", "--", "--help", "-x", "--"]) { _ in nil }
        #expect(invocation.command == .check)
        #expect(invocation.operands == ["a.yaml", "-", "--help", "-x", "--"])
        #expect(!invocation.wantsHelp)
        #expect(try Invocation(["--", "sync"]) { _ in nil }.command == .sync)
    }

    @Test("A value may contain an equals sign and begin with a dash")
    func strangeValues() throws {
        #expect(try settings(["--secrets-path=/a=b"]).secretsPath == "/a=b")
        #expect(try settings(["--kubeconfig", "--x"]).kubeconfig == "--x")
    }

    @Test(
        "Help, and commands without settings, work in any environment",
        arguments: [
            ["--help"], ["-h"], ["sync", "--help"], ["plan", "--help"], ["help"], ["version"], ["check", "x.yaml"],
        ])
    func wrongEnvironment(arguments: [String]) throws {
        let invocation = try Invocation(arguments) { _ in "nonsense\n" }
        #expect(invocation.wantsHelp == (arguments.last?.hasPrefix("-") == true))
        #expect(invocation.settings == Settings())
    }
}
