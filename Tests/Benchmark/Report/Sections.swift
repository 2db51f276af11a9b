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
            name: "start", heading: "Start",
            text: """
                Cold: there is no Secret yet, and all are to be created. Warm: all are there and in sync, and nothing is to be done
                but to look. From the start of the process to the server's last answer, by its audit log.
                """),
        Section(
            name: "rotation", heading: "A rotation",
            text: """
                One file gets new content, and all Secrets, or one of them, are to follow. From the rename of `..data` to the
                server's last answer, the quiet time (`DEBOUNCE_QUIET`, 20 ms here) taken off.
                """,
            plot: "targets"),
        Section(
            name: "latency", heading: "How long one waits",
            text: """
                A file that feeds one Secret, rotated again and again. What a rotation takes above the quiet time, beside a bare
                write: one patch of one Secret, sent by `h2load` alone. What lies between the two is the program's.
                """,
            plot: "latency"),
        Section(
            name: "requests", heading: "What the server sees",
            text: """
                Requests for each rotation, counted in the server's audit log. Watches are left out: the server ends them by
                the clock.
                """),
        Section(
            name: "storm", heading: "A storm",
            text: """
                The mount is rewritten 100 times a second, each time with other content. The debouncer waits for a quiet moment,
                `DEBOUNCE_MAX` (2 s) at most: few generations are written, and the last one always.
                """),
        Section(
            name: "idle", heading: "With nothing to do",
            text: """
                All is in sync, and for two minutes (below 100 distributions: 30 seconds) nothing happens; nobody scrapes it
                meanwhile. CPU is the process's CPU clock (clock_getcpuclockid(3)), a wake-up is a thread that had given up the
                processor and got it again (its voluntary context switches), bytes are those of its connections to the server as
                ss(8) counts them, requests are in the server's audit log, a watch once it has ended. If the thread that wakes
                most does so less than 3,600 times an hour, no timer is below one second. The comparison of everything each
                `RESYNC_INTERVAL` (10 minutes) is not in it.
                """),
        Section(
            name: "flood", heading: "A flood of others",
            text: """
                100 distributions, and 100,000 Secrets that are none of the program's business: there before it starts, then
                changed as fast as `h2load` can. Its lists and watches name a label, and the server sends nothing else. The
                reference of a start is one without the others, that of memory after their changes is what it was before.
                """),
        Section(
            name: "memory", heading: "Memory",
            text: """
                As proc_pid_status(5) tells it: anonymous (`RssAnon`) is what the process has for itself; resident (`VmRSS`) are
                pages of files too, the program's own code and libraries among them, which can be dropped and read again. After
                a cold start all Secrets have been written once; after a warm start all have been listed and compared.
                """,
            plot: "memory"),
        Section(name: "size", heading: "Size", text: "What is shipped, and how soon it is there."),
    ]
}
