import Kube
import LinuxIO

/// What a transfer has received and its reader has not yet taken.
///
/// Bounded: while it is full the transfer is paused, so that the server has to wait too.
final class ChunkBuffer: Sendable {
    typealias Taken = Result<[UInt8]?, TransportFailure>

    /// What becomes of a chunk.
    enum Reception {
        case taken
        /// It is full: the same chunk has to come again, once `take` has said that there is room.
        case full
        /// No more is wanted: the end was reached.
        case ended
    }

    private struct State {
        var bytes: [UInt8] = []
        var isFull = false
        /// nil while the transfer goes on.
        var end: Taken?
        var reader: CheckedContinuation<Taken, Never>?
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: in bytes; a single chunk may be larger.
    init(limit: Int) {
        self.limit = limit
    }

    func append(_ chunk: UnsafeRawBufferPointer) -> Reception {
        let (reader, reception) = state.withLock { state -> (CheckedContinuation<Taken, Never>?, Reception) in
            guard state.end == nil else { return (nil, .ended) }
            if let reader = state.reader {
                state.reader = nil
                return (reader, .taken)
            }
            guard state.bytes.isEmpty || state.bytes.count + chunk.count <= limit else {
                state.isFull = true
                return (nil, .full)
            }
            state.bytes += chunk
            return (nil, .taken)
        }
        reader?.resume(returning: .success(Array(chunk)))
        return reception
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
    ///
    /// - Parameter room: called when it was full and is not any more.
    func take(room: () -> Void = {}) async -> Taken {
        await withCheckedContinuation { continuation in
            let (taken, wasFull) = state.withLock { state -> (Taken?, Bool) in
                if !state.bytes.isEmpty {
                    defer {
                        state.bytes = []
                        state.isFull = false
                    }
                    return (.success(state.bytes), state.isFull)
                }
                if let end = state.end { return (end, false) }
                state.reader = continuation
                return (nil, false)
            }
            if wasFull { room() }
            if let taken { continuation.resume(returning: taken) }
        }
    }
}
