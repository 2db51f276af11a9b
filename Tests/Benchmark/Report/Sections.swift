/// A section of the page: the figures whose ids begin with its name.
struct Section {
    let name: String
    let heading: String
    /// How the figures were measured, and how to read them.
    let text: String
    /// The name of its plot.
    var plot: String?

    /// In the order of the page. Figures with other names follow, in sections with these names.
    static let all: [Section] = [
        Section(
            name: "client-go", heading: "Against an agent on client-go",
            text: """
                The reference is an agent that does this job in the usual way, with informers and a work queue of client-go, 32
                workers and fsnotify (`Tests/ClientGoAgent`). Both agents write the same Secrets on the same server, in turns.
                The reference has no access policy, leader election, Events or metrics, and writes statuses only where it says so.
                CPU times are from clock_getcpuclockid(3).
                """),
        Section(
            name: "start", heading: "Start",
            text: """
                Cold: no Secret exists, and the program creates all of them. Warm: all exist and are in sync, and the program only
                compares them. Measured from the start of the process to the last response in the server's audit log.
                """),
        Section(
            name: "rotation", heading: "A rotation",
            text: """
                One file gets new content, and all Secrets, or one of them, must follow. Measured from the rename of `..data` to the
                server's last response, minus the quiet time (`DEBOUNCE_QUIET`, 20 ms here).
                """,
            plot: "targets"),
        Section(
            name: "namespaces", heading: "One resource, many namespaces",
            text: """
                One `ClusterSecretsDistribution` with a Secret in each of these namespaces. Its file is rotated.
                """),
        Section(
            name: "latency", heading: "Latency",
            text: """
                A file that feeds one Secret is rotated repeatedly. The time of a rotation above the quiet time is compared with a
                bare write: one update of one Secret by `h2load` alone. The difference is the time of the program.
                """,
            plot: "latency"),
        Section(
            name: "requests", heading: "Requests",
            text: """
                Requests for each rotation, counted in the server's audit log. Watches are not counted, because the server ends them
                after a time.
                """),
        Section(
            name: "storm", heading: "A storm",
            text: """
                The mount is rewritten 100 times a second, each time with different content. The debouncer waits for a quiet moment,
                for at most `DEBOUNCE_MAX` (2 s): it distributes few generations, but always the last one.
                """),
        Section(
            name: "idle", heading: "At rest",
            text: """
                Everything is in sync, and nothing happens for two minutes (below 100 distributions: 30 seconds), without scrapes of
                the admin endpoint. CPU is the CPU clock of the process (clock_getcpuclockid(3)). Wake-ups are voluntary context
                switches of its threads. Bytes are those of its connections to the server (ss(8)). Requests are from the server's
                audit log, which has a watch only when it has ended. If the thread with the most wake-ups has fewer than 3,600 an
                hour, no timer is shorter than one second. The comparison of everything at each `RESYNC_INTERVAL` (10 minutes) is not
                included.
                """),
        Section(
            name: "flood", heading: "Changes of other Secrets",
            text: """
                100 distributions, and 100,000 Secrets that do not concern the program: they exist before it starts, and then change
                as fast as `h2load` can update them. The program's lists and watches select a label, so the server sends
                nothing else.
                The reference of a start is a start without the other Secrets; the reference of memory after their changes is the
                memory before them.
                """),
        Section(
            name: "memory", heading: "Memory",
            text: """
                From proc_pid_status(5). Anonymous memory (`RssAnon`) belongs to the process alone. Resident memory (`VmRSS`) also
                includes pages of files, such as the code of the program and its libraries, which the kernel can drop and read again.
                After a cold start all Secrets have been written once; after a warm start all have been listed and compared.
                """,
            plot: "memory"),
        Section(name: "size", heading: "Size", text: "The size of the release, and the time until it is ready."),
    ]
}
