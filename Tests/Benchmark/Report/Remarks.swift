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
                Both cores of a machine that has two are busy all the time: the program takes a tenth to a fifth of that, and \
                the server makes a watch event of each write besides. A program beside a server with cores of its own has not \
                been measured.
                """,
            next: """
                libssl's buffers, which are freed and wiped with each read and write (7 % of the program's instructions), and \
                the event of an own write, which need not be decoded whole.
                """),
        "memory.anonymous": Remark(
            reason: "The first pass has written all statuses, and what is remembered of those is held beside the rest.",
            next: """
                a `SaidStatus` that holds a digest instead of a spec and a status, and distributions in boxes of their own, so \
                that the dictionary of them has no spare room of 332 bytes each.
                """),
    ]
}
