/// The texts of `--help`.
enum Help {
    /// A term and its explanation.
    struct Line {
        let term: String
        let text: String

        init(_ term: String, _ text: String) { (self.term, self.text) = (term, text) }

        /// - Parameter column: where the text starts, if the term is short enough.
        func shown(at column: Int) -> String {
            let indent = String(repeating: " ", count: column)
            var lines: [String] = []
            for word in text.split(whereSeparator: \.isWhitespace) {
                if let last = lines.last, last.count + 1 + word.count <= Help.width - column {
                    lines[lines.count - 1] = "\(last) \(word)"
                } else {
                    lines.append(String(word))
                }
            }
            let (head, body) = ("  \(term)", lines.joined(separator: "\n\(indent)"))
            return head.count + 2 <= column ? head + indent.dropFirst(head.count) + body : "\(head)\n\(indent)\(body)"
        }
    }

    /// Columns.
    private static let width = 120

    static let overview = """
        Keeps Kubernetes Secrets in sync with the files of a mounted vault, as SecretsDistribution resources specify.

        usage: secrets-distributor [COMMAND] [FLAG...]

        In a cluster, or in local mode without one:
          run               keep all targets in sync until SIGTERM (default)
          sync              make one pass; exit status 0 if everything is in sync, otherwise 1
          plan              show what sync would write, and what is held back and why; write nothing
          explain FROM      list the targets that a source file feeds

        With manifests alone:
          check FILE...     validate manifests; exit status 1 if there are problems
          convert FILE...   print distributions for secretObjects, SecretSyncs and annotations of kees
          export FILE...    print the least access that the vault must grant to the mount

        Of the program itself:
          completion SHELL  print the completions for bash, zsh or fish
          version           print the version
          help              print this help

        secrets-distributor COMMAND --help shows the flags of a command.
        """

    static func text(of command: Invocation.Command) -> String {
        guard let description = description(of: command) else { return overview }
        return ([description] + flags(of: command)).joined(separator: "\n\n")
    }

    private static func description(of command: Invocation.Command) -> String? {
        switch command {
        case .help: nil
        case .version: "usage: secrets-distributor version\n\nPrints the version."
        case .completion:
            """
            usage: secrets-distributor completion bash|zsh|fish

            Prints a script that completes commands, flags and values:

              bash  source <(secrets-distributor completion bash)
              zsh   source <(secrets-distributor completion zsh)
              fish  secrets-distributor completion fish | source
            """
        case .check:
            """
            usage: secrets-distributor check [FLAG...] FILE...

            Reports every problem of every SecretsDistribution and ClusterSecretsDistribution in the files as FILE:LINE:
            PROBLEM. "-" is standard input. Skips documents of other kinds. Needs no cluster and no mount. With --policy
            or --provider-class, FILE can be left out.
            Exit status: 0 no problems, 1 problems, 64 wrong usage, 74 the output cannot be written.
            """
        case .export:
            """
            usage: secrets-distributor export --format FORMAT --provider-class [FOLDER=]FILE... FILE...

            Prints the least access that the vault must grant to the mount: to the objects of the SecretProviderClasses
            that the distributions in the files use. "-" is standard input. The output is sorted and depends only on its
            input. Needs no cluster, no mount and no vault. If a distribution uses a file that no class gives, prints
            nothing.
            Exit status: 0 printed, 1 problems, 64 wrong usage, 74 the output cannot be written, 78 a value cannot be
            used.
            """
        case .convert:
            """
            usage: secrets-distributor convert [FLAG...] FILE...

            Prints a SecretsDistribution for each secretObjects entry of a SecretProviderClass, for each SecretSync, and
            for each workload with annotations of kees. "-" is standard input. Comments above each document say how to
            hand over the Secret that exists. Reports what has no counterpart as FILE:LINE: WHAT AND WHY on standard
            error, and also what is skipped, as a remark. Needs no cluster and no mount.
            Exit status: 0 everything is converted, 1 something has no counterpart, a file cannot be used, or there is
            nothing to convert; 64 wrong usage, 74 the output cannot be written, 78 a value cannot be used.
            """
        case .sync:
            """
            usage: secrets-distributor sync [FLAG...]

            Reads the mount and all distributions once and reconciles every target: for an init container or a CI step.
            Prints what was written (keys only), and what is held back and why. On a terminal, it shows its progress
            instead of the log, unless LOG_LEVEL is set.
            Exit status: 0 everything is in sync, 1 something is not, 64 wrong usage, 74 the output cannot be written,
            78 a value cannot be used.
            """
        case .plan:
            """
            usage: secrets-distributor plan [FLAG...]

            Works like sync, but writes nothing. Prints what would be written (keys only: +added, ~changed, -removed).
            Needs only the rights to list distributions and to list and get Secrets. LOG_LEVEL defaults to error; on a
            terminal, there is no log unless it is set.
            Exit status: 2 something would be written; otherwise 1 something is held back or could not be checked, 0
            there is nothing to do; 64 wrong usage, 74 the output cannot be written, 78 a value cannot be used.
            """
        case .explain:
            """
            usage: secrets-distributor explain FROM [FLAG...]

            Lists each Secret and key that the source file FROM, or a file below the folder FROM, feeds, with the
            distribution and what holds it back. Reads the distributions from the cluster, or from DISTRIBUTIONS_PATH
            or ANNOTATIONS_PATH, which need no OUTPUT_PATH here. Uses the mount and the access policy only if it can
            read them. LOG_LEVEL defaults to error.
            Exit status: 0 there are targets, 1 there are none or the distributions cannot be read, 64 wrong usage, 74
            the output cannot be written, 78 a value cannot be used.
            """
        case .run:
            """
            usage: secrets-distributor [run] [FLAG...]

            Keeps all targets in sync until SIGTERM or SIGINT, then finishes the writes in flight. A second signal ends
            it at once. SIGHUP compares everything now; SIGUSR1 makes the log one step more verbose, SIGUSR2 one less.
            Exit status: 0 after a signal, 64 wrong usage, 78 a value cannot be used, otherwise 1.
            """
        }
    }

    /// The flags that a command uses, as paragraphs.
    private static func flags(of command: Invocation.Command) -> [String] {
        let own = CommandFlag.help(of: command)
        var subjects: [(name: String, lines: [Line])] = own.isEmpty ? [] : [("", own)]
        var hasVariables = false
        for (name, options) in Option.subjects {
            let used = options.filter { $0.commands.contains(command) }
            guard !used.isEmpty else { continue }
            hasVariables = true
            let lines = used.map { Line($0.flag, "\($0.help) (default: \($0.standard(of: command)))") }
            subjects.append(("\(name):\n", lines))
        }
        guard !subjects.isEmpty else { return [] }
        // A longer term has its explanation below it.
        let longest = subjects.flatMap(\.lines).map(\.term.count).filter { $0 <= 28 }.max() ?? 0
        let paragraphs = subjects.map { name, lines in
            name + lines.map { $0.shown(at: longest + 4) }.joined(separator: "\n")
        }
        let variables = """
            Each of these flags has an environment variable of the same name (--secrets-path is SECRETS_PATH). The flag
            wins. A flag that is true or false takes a value only after "=", and is true without one.
            """
        let first = own.isEmpty ? 0 : 1
        return hasVariables ? paragraphs[..<first] + [variables] + paragraphs[first...] : paragraphs
    }
}
