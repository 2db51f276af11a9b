import Scheduling
import Stores

/// What becomes of a key whose work failed: the one place that says when it is tried again.
extension Controller {
    /// Before what became of a write is looked up, within its turn: most faults of a connection are over soon, and then no
    /// status reports them.
    static let shortWait = Backoff(initial: .milliseconds(200), longest: .seconds(5))

    func outcome(of error: StoreError, for item: WorkItem) -> Outcome {
        switch error {
        case .changed, .unlistable: return .retry()
        case .unavailable(_, let retryAfter): return .retry(notBefore: retryAfter ?? .zero)
        case .unknownOutcome(_, let retryAfter):
            uncertain.insert(item)
            return .retry(notBefore: retryAfter ?? .zero)
        case .forbidden, .rejected, .cannotReplace: return secondLook
        }
    }
}
