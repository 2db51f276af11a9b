/// What is known of figures that miss their bar: kept by hand, shown only beside one that is missed.
enum Remarks {
    struct Remark: Sendable {
        let reason: String
        let next: String
    }

    /// By the figure's id.
    static let all: [String: Remark] = [:]
}
