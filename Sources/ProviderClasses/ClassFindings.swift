import Distribution

/// Collects the findings of one SecretProviderClass: the first ones and the total number.
struct ClassFindings {
    private static let most = 100

    private let file: String
    private var kept: [Finding] = []
    private var total = 0
    /// Whether a problem, and not only a remark, was noted.
    private(set) var hasProblem = false

    init(file: String) { self.file = file }

    func place(_ line: Int) -> FilePlace { FilePlace(file: file, line: line) }

    mutating func note(_ line: Int, _ message: String, isRemark: Bool = false) {
        total += 1
        if !isRemark { hasProblem = true }
        guard kept.count < Self.most else { return }
        kept.append(Finding(place(line), message, isRemark: isRemark))
    }

    /// - Parameter line: the line of the class.
    func all(of line: Int) -> [Finding] {
        guard total > kept.count else { return kept }
        let message = "has \(total) problems and remarks; the first \(kept.count) are shown"
        return [Finding(place(line), message, isRemark: !hasProblem)] + kept
    }
}
