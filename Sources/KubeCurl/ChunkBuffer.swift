import Kube
import LinuxIO

/// The bytes that a transfer has received and its reader has not yet taken.
///
/// Its size is limited: while it is full, the transfer is paused, so that the server waits too.
final class ChunkBuffer: Sendable {
    typealias Taken = Result<[UInt8]?, TransportFailure>

    /// The result of appending a chunk.
    enum Reception {
        case taken
        /// The buffer is full. Append the same chunk again after `take` has called `room`.
        case full
        /// The buffer is finished and accepts no more chunks.
        case ended
    }

    private struct State {
        var bytes: [UInt8] = []
        var isFull = false
        /// Nil until the transfer has ended.
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

    /// Ends the buffer. The received bytes can still be read, unless the transfer was cancelled.
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

    /// Takes the received bytes. Waits if there are none. Only one reader at a time.
    ///
    /// - Parameter room: called if the buffer was full and now has room.
    func next(room: () -> Void = {}) async -> Taken {
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
