import Kube
import LinuxIO

/// What a transfer has received and its reader has not yet taken.
///
/// Bounded: a watch whose reader is so far behind is ended, and begun again from the last event that was taken.
final class ChunkBuffer: Sendable {
    typealias Taken = Result<[UInt8]?, TransportFailure>

    private struct State {
        var bytes: [UInt8] = []
        /// nil while the transfer goes on.
        var end: Taken?
        var reader: CheckedContinuation<Taken, Never>?
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: in bytes.
    init(limit: Int) {
        self.limit = limit
    }

    /// - Returns: false if no more is wanted: too much is waiting, or the end was reached.
    func append(_ chunk: UnsafeRawBufferPointer) -> Bool {
        let (reader, accepted) = state.withLock { state -> (CheckedContinuation<Taken, Never>?, Bool) in
            guard state.end == nil else { return (nil, false) }
            if let reader = state.reader {
                state.reader = nil
                return (reader, true)
            }
            guard state.bytes.count + chunk.count <= limit else {
                state.bytes = []
                state.end = .failure(.overrun(limit: limit))
                return (nil, false)
            }
            state.bytes += chunk
            return (nil, true)
        }
        reader?.resume(returning: .success(Array(chunk)))
        return accepted
    }

    /// The transfer is over, or is to be given up; what was received before can still be read, unless it was cancelled.
    func finish(_ failure: TransportFailure?) {
        let end: Taken = failure.map { .failure($0) } ?? .success(nil)
        let reader = state.withLock { state -> CheckedContinuation<Taken, Never>? in
            if failure == .cancelled { state.bytes = [] }
            guard state.end == nil else { return nil }
            state.end = end
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: end)
    }

    /// What has come, waiting for it if need be. One reader at a time.
    func take() async -> Taken {
        await withCheckedContinuation { continuation in
            let taken = state.withLock { state -> Taken? in
                if !state.bytes.isEmpty {
                    defer { state.bytes = [] }
                    return .success(state.bytes)
                }
                if let end = state.end { return end }
                state.reader = continuation
                return nil
            }
            if let taken { continuation.resume(returning: taken) }
        }
    }
}
