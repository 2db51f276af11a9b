/// A response body that is being received.
protocol ReceivingBody: AnyObject {
    /// The number of bytes received so far.
    var size: Int { get }
    /// Releases the received bytes and discards further ones.
    func giveUp()
}

/// Limits the total size of the response bodies that a loop receives at the same time, because tenants control the size
/// of responses. It does not include streams, nor lists, which have their own limit. Only the loop's thread may use it.
final class ResponseBudget {
    /// The default limit in bytes. There are two loops.
    static let usual = 8 << 20

    let limit: Int
    private var answers: [any ReceivingBody] = []

    init(limit: Int = usual) { self.limit = limit }

    /// Records that more of `answer` has arrived. If the limit is exceeded, the largest body is given up, so that small
    /// ones can finish. A body that is the only one may be as large as its request allows.
    func grew(_ answer: any ReceivingBody) {
        if !answers.contains(where: { $0 === answer }) { answers.append(answer) }
        while answers.count > 1, answers.reduce(0, { $0 + $1.size }) > limit,
            let largest = answers.max(by: { $0.size < $1.size })
        {
            largest.giveUp()
            end(largest)
        }
    }

    /// Removes a body that is complete or was given up.
    func end(_ answer: any ReceivingBody) { answers.removeAll { $0 === answer } }
}
