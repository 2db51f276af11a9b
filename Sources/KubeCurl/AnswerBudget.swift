/// A body that is being received.
protocol GrowingAnswer: AnyObject {
    /// Bytes that have come.
    var size: Int { get }
    /// Lets go of them; what still comes is not kept.
    func giveUp()
}

/// How many bytes of bodies are held while they come, of all transfers of a loop but lists, which are bounded on their own,
/// and streams. Belongs to the loop's thread.
///
/// Many answers come at once, and tenants choose how large they are.
final class AnswerBudget {
    /// In bytes. There are two loops.
    static let usual = 8 << 20

    let limit: Int
    private var answers: [any GrowingAnswer] = []

    init(limit: Int = usual) { self.limit = limit }

    /// More of `answer` has come. Beyond the limit the largest has to give up, whoever's it is, so that small ones get through
    /// beside it; one that is alone may be as large as its request allows.
    func grew(_ answer: any GrowingAnswer) {
        if !answers.contains(where: { $0 === answer }) { answers.append(answer) }
        while answers.count > 1, answers.reduce(0, { $0 + $1.size }) > limit,
            let largest = answers.max(by: { $0.size < $1.size })
        {
            largest.giveUp()
            end(largest)
        }
    }

    /// It comes no more.
    func end(_ answer: any GrowingAnswer) { answers.removeAll { $0 === answer } }
}
