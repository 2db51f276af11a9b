import Distribution

/// The texts of `--help`.
enum Help {
    static let overview = """
        Keeps Kubernetes Secrets in step with files of a mounted vault, as SecretsDistribution resources say.

        usage: secrets-distributor [COMMAND] [FLAG...]

        commands:
          run            keep all targets in line until SIGTERM (the default)
          sync           one pass; exit status 0 when all is in sync, 1 when something is not
          plan           what sync would write, and why what is held back is; writes nothing
          explain FROM   whom a source file feeds
          check FILE...  validate manifests, with no cluster; exit status 1 if there is a problem
          version        print the version
          help           print this

        """

    static let check = """
        usage: secrets-distributor check FILE...
               secrets-distributor check --policy FILE [FILE...]

        Reports every problem of every SecretsDistribution in the files, as FILE:LINE: PROBLEM; "-" is standard input.
        Documents of other kinds are passed over. Needs no cluster and no mount.

          --policy FILE  an access policy: its own problems are reported, and each mapping that it denies. What one in
                         mode Audit would deny is a remark and no problem.

        Exit status: 0 no problem, 1 problems, 64 wrong usage, 74 the output cannot be written.
        """

    static func text(of command: Invocation.Command) -> String {
        switch command {
        case .check: check
        case .version: "usage: secrets-distributor version\n\nPrints the version."
        case .sync:
            """
            usage: secrets-distributor sync [FLAG...]

            Reads the mount and all distributions once and brings every target in line: for an init container or a CI step.
            Prints what was written, keys only, and what is held back and why. On a terminal it shows how far it is, and
            LOG_LEVEL is then error unless it is set.
            Exit status: 0 all in sync, 1 something is not, 64 wrong usage, 74 the output cannot be written, 78 a value cannot
            be used.

            \(output)\(flags)
            """
        case .plan:
            """
            usage: secrets-distributor plan [FLAG...]

            Does what sync does, but writes nothing, and prints what would be written: keys only, +added, ~changed, -removed.
            Needs no more than to list distributions and to list and get Secrets. LOG_LEVEL is error unless it is set.
            Exit status: 2 something would be written; else 1 something is held back or could not be looked at, 0 nothing
            to do; 64 wrong usage, 74 the output cannot be written, 78 a value cannot be used.

            \(output)\(flags)
            """
        case .explain:
            """
            usage: secrets-distributor explain FROM [FLAG...]

            Who is touched when the source file FROM, or a file below the folder FROM, is rotated? Lists each Secret and
            key that it feeds, by which distribution, and what keeps it back. Reads the distributions of the cluster, or of
            DISTRIBUTIONS_PATH, which needs no OUTPUT_PATH here; mount and access policy only if they can be read.
            LOG_LEVEL is error unless it is set.
            Exit status: 0 somebody reads it, 1 nobody does or the distributions cannot be read, 64 wrong usage, 74 the
            output cannot be written, 78 a value cannot be used.

            \(output)\(flags)
            """
        case .run:
            """
            usage: secrets-distributor [run] [FLAG...]

            Keeps all targets in line until SIGTERM or SIGINT, which let writes under way end; a second one ends at once.
            SIGHUP has everything compared now; SIGUSR1 and SIGUSR2 make the log one step more, one step less verbose.
            Exit status: 0 after a signal, 78 a value cannot be used, 1 otherwise.

            \(flags)
            """
        case .help: overview + "\n" + flags
        }
    }

    private static let output =
        "  --output FORMAT  table, or json for scripts: one object on one line (default: table)\n\n"

    private static var flags: String {
        var text =
            "Each flag has an environment variable of the same name (--secrets-path is SECRETS_PATH); the flag wins.\n\n"
        let width = (Option.all.map(\.flag.count).max() ?? 0) + 2
        for option in Option.all {
            let padding = String(repeating: " ", count: width - option.flag.count)
            text += "  \(option.flag)\(padding)\(option.help) (default: \(option.standard))\n"
        }
        return text + "\nLocal mode: with DISTRIBUTIONS_PATH and OUTPUT_PATH set no cluster is used."
    }
}
