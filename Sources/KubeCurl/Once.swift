import LinuxIO

/// The outcome of a transfer: set once, awaited once, in either order.
final class Once: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Transfer.Outcome, Never>)
        case resolved(Transfer.Outcome)
    }

    private let state = Mutex(State.open)

    /// Does nothing the second time.
    func resolve(_ outcome: Transfer.Outcome) {
        let waiter = state.withLock { state -> CheckedContinuation<Transfer.Outcome, Never>? in
            guard case .awaited(let waiter) = state else {
                if case .open = state { state = .resolved(outcome) }
                return nil
            }
            state = .resolved(.failure(.cancelled))
            return waiter
        }
        waiter?.resume(returning: outcome)
    }

    func value() async -> Transfer.Outcome {
        await withCheckedContinuation { continuation in
            let outcome = state.withLock { state -> Transfer.Outcome? in
                if case .resolved(let outcome) = state { return outcome }
                state = .awaited(continuation)
                return nil
            }
            if let outcome { continuation.resume(returning: outcome) }
        }
    }
}
