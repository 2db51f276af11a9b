/// What is known of figures that miss their bar: kept by hand, shown only beside one that is missed.
enum Remarks {
    struct Remark: Sendable {
        let reason: String
        let next: String
    }

    /// By the figure's id.
    static let all: [String: Remark] = [
        "start.cold": Remark(
            reason: """
                As for a rotation, see below; and the reference patches, while a start creates. The median was 1.52, \
                2.25 and 1.68 in three benchmarks of the same program, which differed in what the server had just done.
                """,
            next:
                "what is next for a rotation; and h2load's creations as the reference, which are measured for few already."
        ),
        "idle.busiest": Remark(
            reason: """
                In this run 2.7 MiB came on a watch while nothing happened; in two runs of slightly older builds nothing did. \
                Perhaps they were events of the start that libcurl 7.88 had held back, which it can do with what comes in a \
                burst on a connection that is shared. It has not been looked into.
                """,
            next: "watches on connections of their own, as lists have."),
        "rotation.all.total": Remark(
            reason: """
                Both cores of a machine that has two are busy all the time: of 2.5 ms for each write the program takes 0.5 \
                (perf(1)), more than half of it in libcurl with TLS, etcd 0.35 and the API server 1.65 (its own profile), of \
                which 0.06 go into the event of the write; for h2load's it takes 1.3, and why is not known. curl(1) with \
                32 patches under way at once took 1.25 times as long as h2load with 32. Each run is compared with the \
                best of h2load's five concurrencies, and a run of h2load's differs by half from the next. A program \
                beside a server with cores of its own has not been measured.
                """,
            next: """
                what libcurl asks the kernel for each transfer under way, five to seven polls a request; and the event of an \
                own write, which need not be decoded whole.
                """),
    ]
}
