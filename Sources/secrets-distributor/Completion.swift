/// The shells for which `completion` prints a script.
///
/// The scripts are generated from the tables of commands and flags, so that they offer what the program accepts.
enum Completion: String, CaseIterable {
    case bash, zsh, fish

    var script: String {
        let lines =
            switch self {
            case .bash: Self.bashLines
            // zsh runs bash's completion functions.
            case .zsh:
                ["autoload -U +X compinit && compinit", "autoload -U +X bashcompinit && bashcompinit"] + Self.bashLines
            case .fish: Self.fishLines
            }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A flag of a command, and what may follow it.
    private struct Flag {
        let name: String
        let choices: [String]
        let takesFile: Bool
        /// Whether a value may be missing.
        let isSwitch: Bool
    }

    private typealias Command = Invocation.Command

    private static func flags(of command: Command) -> [Flag] {
        CommandFlag.allCases.filter { $0.commands.contains(command) }.map {
            Flag(name: $0.flag, choices: $0.choices(of: command), takesFile: $0.takesFile, isSwitch: false)
        }
            + Option.all.filter { $0.commands.contains(command) }.map {
                Flag(name: $0.flag, choices: $0.choices, takesFile: $0.isPath, isSwitch: $0.isSwitch)
            } + [Flag(name: "--help", choices: [], takesFile: false, isSwitch: true)]
    }

    /// The words that may follow a command; nil for files.
    private static func operands(of command: Command) -> [String]? {
        switch command {
        case .check, .convert, .export: nil
        case .completion: allCases.map(\.rawValue)
        case .run, .sync, .plan, .explain, .version, .help: []
        }
    }

    private static func words(_ words: [String]) -> String { words.joined(separator: " ") }

    // MARK: bash

    /// bash splits `--flag=value` at the `=` (`COMP_WORDBREAKS` in bash(1)), zsh does not.
    private static var bashLines: [String] {
        [
            "_secrets_distributor() {",
            "    local word=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD-1]} command= prefix= each",
            "    for each in \"${COMP_WORDS[@]:1:$((COMP_CWORD-1))}\"; do",
            "        case $each in",
            "            \(Command.allCases.map(\.rawValue).joined(separator: "|"))) command=$each; break ;;",
            "        esac",
            "    done",
            "    case $word in",
            "        =) word= ;;",
            "        --*=*) flag=${word%%=*} prefix=${word%%=*}= word=${word#*=} ;;",
            "        *) [ \"$flag\" != = ] || flag=${COMP_WORDS[COMP_CWORD-2]} ;;",
            "    esac",
            "    case ${command:-run}$flag in",
        ] + Command.allCases.flatMap { command in flags(of: command).compactMap { valueCase(command, $0) } } + [
            "    esac",
            "    case $command:$word in",
        ]
            + Command.allCases.map { command in
                // Without a command, the program runs.
                "        \(command == .run ? ":-*|" : "")\(command):-*) \(reply(flags(of: command).map(\.name))) ;;"
            } + Command.allCases.map { "        \($0):*) \(reply(operands(of: $0))) ;;" } + [
                "        :*) \(reply(Command.allCases.map(\.rawValue))) ;;",
                "    esac",
                "}",
                "complete -o filenames -F _secrets_distributor secrets-distributor",
            ]
    }

    private static func valueCase(_ command: Command, _ flag: Flag) -> String? {
        guard !flag.choices.isEmpty || flag.takesFile else { return nil }
        let reply = reply(flag.choices.isEmpty ? nil : flag.choices)
        // A switch takes a value only after `=`, which is a word of its own or part of the word.
        let condition =
            flag.isSwitch
            ? "[ -n \"$prefix\" ] || [ \"${COMP_WORDS[COMP_CWORD-1]}\" = = ] || [ \"${COMP_WORDS[COMP_CWORD]}\" = = ] && "
            : ""
        return
            "        \(command)\(flag.name)) \(condition.isEmpty ? "\(reply); return" : "\(condition){ \(reply); return; }") ;;"
    }

    private static func reply(_ words: [String]?) -> String {
        // Names of files may contain spaces.
        let separator = words == nil ? "local IFS=$'\\n'; " : ""
        let what = words.map { "-W \"\(Self.words($0))\"" } ?? "-f"
        return "\(separator)COMPREPLY=($(compgen -P \"$prefix\" \(what) -- \"$word\"))"
    }

    // MARK: fish

    private static var fishLines: [String] {
        let complete = "complete -c secrets-distributor"
        return [
            "\(complete) -f", "\(complete) -n __fish_use_subcommand -a '\(words(Command.allCases.map(\.rawValue)))'",
        ]
            + Command.allCases.flatMap { command in
                let condition =
                    command == .run
                    ? "-n '__fish_use_subcommand; or __fish_seen_subcommand_from run'"
                    : "-n '__fish_seen_subcommand_from \(command)'"
                let operands = operands(of: command).map { $0.isEmpty ? [] : ["-a '\(words($0))'"] } ?? ["-F"]
                return operands.map { "\(complete) \(condition) \($0)" }
                    + flags(of: command).map { flag in
                        let value = flag.isSwitch ? "" : flag.takesFile ? " -r -F" : " -x"
                        let choices = flag.choices.isEmpty || flag.isSwitch ? "" : " -a '\(words(flag.choices))'"
                        return "\(complete) \(condition) -l \(flag.name.dropFirst(2))\(value)\(choices)"
                    }
            }
    }
}
