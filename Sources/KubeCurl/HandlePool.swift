import Kube

/// Easy handles that wait for their next transfer. Only the curl thread may use it.
///
/// It is emptied when no transfer is left, so that an idle agent keeps neither their memory nor the secrets in it. Lists and
/// watches, which are rare and have a loop of their own, get new handles.
final class HandlePool {
    /// The maximum number of handles, as many as there are usually writes in flight.
    private static let limit = 32

    private let sharesConnections: Bool
    private var free: [EasyHandle] = []

    /// - Parameter sharesConnections: see `EasyHandle`.
    init(sharesConnections: Bool) { self.sharesConnections = sharesConnections }

    /// A handle for a transfer. It must not be in use.
    func next(for request: Request, to endpoint: Endpoint) throws(TransportFailure) -> EasyHandle {
        let room = EasyHandle.room(for: request)
        if let index = free.lastIndex(where: { $0.room == room && $0.endpoint == endpoint }) {
            free.swapAt(index, free.count - 1)
            return free.removeLast()
        }
        // Those of earlier credentials would never be used again.
        free.removeAll { $0.endpoint != endpoint }
        return try EasyHandle(to: endpoint, room: room, sharesConnections: sharesConnections)
    }

    /// Keeps a handle whose transfer is over.
    func keep(_ handle: EasyHandle) {
        // The buffer stays with the handle, so handles with the largest ones are not kept.
        guard sharesConnections, free.count < Self.limit, handle.room != EasyHandle.maxBufferSize, handle.releaseBody()
        else { return }
        free.append(handle)
    }

    func removeAll() { free = [] }
}
