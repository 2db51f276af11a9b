/// What is known of figures that miss their bar: kept by hand, shown only beside one that is missed.
enum Remarks {
    struct Remark: Sendable {
        let reason: String
        let next: String
    }

    /// By the figure's id.
    static let all: [String: Remark] = [
        "rotation.all.total": Remark(
            reason: """
                Both cores of a machine that has two are busy all the time, and of that the program takes a sixth (perf(1)); \
                more than half of it is libcurl with TLS. curl(1) with 32 patches under way at once took 1.25 times as long as \
                h2load with 32. Each run is compared with the best of h2load's five concurrencies, and a run of h2load's \
                differs by half from the next. A program beside a server with cores of its own has not been measured.
                """,
            next: """
                what libcurl asks the kernel for each transfer under way, five to seven polls a request; and the event of an \
                own write, which need not be decoded whole.
                """)
    ]
}
