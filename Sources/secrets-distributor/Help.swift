import Distribution

/// The texts of `--help`.
enum Help {
    static let overview = """
        Keeps Kubernetes Secrets in sync with the files of a mounted vault, as SecretsDistribution resources specify.

        usage: secrets-distributor [COMMAND] [FLAG...]

        commands:
          run            keep all targets in sync until SIGTERM (default)
          sync           make one pass; exit status 0 if everything is in sync, otherwise 1
          plan           show what sync would write, and what is held back and why; write nothing
          explain FROM   list the targets that a source file feeds
          check FILE...  validate manifests without a cluster; exit status 1 if there are problems
          convert FILE...
                         print distributions for secretObjects, SecretSyncs and annotations of kees
          export FILE... print the least access that the vault must grant to the mount
          version        print the version
          help           print this help

        """

    static let check = """
        usage: secrets-distributor check FILE...
               secrets-distributor check --policy FILE [FILE...]
               secrets-distributor check --provider-class [FOLDER=]FILE [FILE...]

        Reports every problem of every SecretsDistribution in the files as FILE:LINE: PROBLEM. "-" is standard input.
        Skips documents of other kinds. Needs no cluster and no mount.

          --policy FILE  an access policy; its own problems are reported, and each mapping that it denies. In mode
                         Audit, a mapping that it would deny is a remark, not a problem.
          --provider-class [FOLDER=]FILE
                         SecretProviderClass manifests of the mount's volumes; may be given several times. Reports
                         their own problems, each source that none of their objects gives, and as a remark each object
                         that no distribution uses. FOLDER is where the volume is mounted below SECRETS_PATH, if it is
                         not SECRETS_PATH itself.

        Exit status: 0 no problems, 1 problems, 64 wrong usage, 74 the output cannot be written.
        """

    static let export = """
        usage: secrets-distributor export --format FORMAT --provider-class [FOLDER=]FILE... FILE...

        Prints the least access that the vault must grant to the mount: to the objects of the SecretProviderClasses that
        the distributions in the files use. "-" is standard input. The output is sorted and depends only on its input.
        Needs no cluster, no mount and no vault. If a distribution uses a file that no class gives, prints nothing.

          --format FORMAT  aws-iam (IAM policy), azure-rbac (script of az), gcp-iam (script of gcloud), vault-policy
                           (HCL), terraform, or objects (the classes with only the objects that are used)
          --provider-class [FOLDER=]FILE
                           SecretProviderClass manifests of the mount's volumes; may be given several times. FOLDER is
                           where the volume is mounted below SECRETS_PATH, if it is not SECRETS_PATH itself.
          --account ID     aws-iam, terraform: the account of secrets without an ARN
          --region NAME    aws-iam, terraform: the region of classes without one

        Exit status: 0 printed, 1 problems, 64 wrong usage, 74 the output cannot be written, 78 a value cannot be used.
        """

    static let convert = """
        usage: secrets-distributor convert [FLAG...] FILE...

        Prints a SecretsDistribution for each secretObjects entry of a SecretProviderClass, for each SecretSync, and for
        each workload with annotations of kees. "-" is standard input. Comments above each document say how to hand over
        the Secret that exists. Reports what has no counterpart as FILE:LINE: WHAT AND WHY on standard error, and also
        what is skipped, as a remark. Needs no cluster and no mount.

          --managed-by MARK           owner mark in the printed commands (default: secrets-distributor)
          --annotation-domain DOMAIN  domain of the annotations of kees (default: bsycorp.com)

        Exit status: 0 everything is converted, 1 something has no counterpart, a file cannot be used, or there is
        nothing to convert; 64 wrong usage, 74 the output cannot be written, 78 a value cannot be used.
        """

    static func text(of command: Invocation.Command) -> String {
        switch command {
        case .check: check
        case .export: export
        case .convert: convert
        case .version: "usage: secrets-distributor version\n\nPrints the version."
        case .sync:
            """
            usage: secrets-distributor sync [FLAG...]

            Reads the mount and all distributions once and reconciles every target: for an init container or a CI step.
            Prints what was written (keys only), and what is held back and why. On a terminal, it shows its progress,
            and LOG_LEVEL defaults to error.
            Exit status: 0 everything is in sync, 1 something is not, 64 wrong usage, 74 the output cannot be written,
            78 a value cannot be used.

            \(output)\(flags)
            """
        case .plan:
            """
            usage: secrets-distributor plan [FLAG...]

            Works like sync, but writes nothing. Prints what would be written (keys only: +added, ~changed, -removed).
            Needs only the rights to list distributions and to list and get Secrets. LOG_LEVEL defaults to error.
            Exit status: 2 something would be written; otherwise 1 something is held back or could not be checked, 0
            there is nothing to do; 64 wrong usage, 74 the output cannot be written, 78 a value cannot be used.

            \(output)\(flags)
            """
        case .explain:
            """
            usage: secrets-distributor explain FROM [FLAG...]

            Lists each Secret and key that the source file FROM, or a file below the folder FROM, feeds, with the
            distribution and what holds it back. Reads the distributions from the cluster, or from DISTRIBUTIONS_PATH
            or ANNOTATIONS_PATH, which need no OUTPUT_PATH here. Uses the mount and the access policy only if it can read them. LOG_LEVEL
            defaults to error.
            Exit status: 0 there are targets, 1 there are none or the distributions cannot be read, 64 wrong usage, 74
            the output cannot be written, 78 a value cannot be used.

              --output FORMAT  table, json for scripts (one object on one line), or mermaid for a picture from file to key
                               to Secret to namespace (default: table)

            \(flags)
            """
        case .run:
            """
            usage: secrets-distributor [run] [FLAG...]

            Keeps all targets in sync until SIGTERM or SIGINT, then finishes the writes in flight. A second signal ends
            it at once. SIGHUP compares everything now; SIGUSR1 makes the log one step more verbose, SIGUSR2 one less.
            Exit status: 0 after a signal, 78 a value cannot be used, otherwise 1.

            \(flags)
            """
        case .help: overview + "\n" + flags
        }
    }

    private static let output =
        "  --output FORMAT  table, or json for scripts (one object on one line) (default: table)\n\n"

    private static var flags: String {
        var text =
            "Each flag has an environment variable of the same name (--secrets-path is SECRETS_PATH). The flag wins.\n\n"
        let width = (Option.all.map(\.flag.count).max() ?? 0) + 2
        for option in Option.all {
            let padding = String(repeating: " ", count: width - option.flag.count)
            text += "  \(option.flag)\(padding)\(option.help) (default: \(option.standard))\n"
        }
        return text
            + "\nLocal mode: if OUTPUT_PATH is set, and DISTRIBUTIONS_PATH or ANNOTATIONS_PATH, no cluster is used."
    }
}
