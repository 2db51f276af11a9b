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
                The reference alone keeps both cores of a machine busy that has two. What the program does for each Secret, and \
                the watch event that the server makes of each, comes on top of it; a program beside a server with cores of its \
                own has not been measured.
                """,
            next: """
                libssl's buffers, which are freed and wiped with each read and write (7 % of the program's instructions), and \
                the event of an own write, which need not be decoded whole.
                """)
    ]
}
