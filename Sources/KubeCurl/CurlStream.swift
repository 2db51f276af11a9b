import Kube

/// The body of a response as it arrives.
package final class CurlStream: ByteStream {
    private let operation: Operation
    private let transfer: Transfer
    private let buffer: ChunkBuffer
    private let loop: CurlLoop

    init(_ operation: Operation, _ transfer: Transfer, _ buffer: ChunkBuffer, _ loop: CurlLoop) {
        self.operation = operation
        self.transfer = transfer
        self.buffer = buffer
        self.loop = loop
    }

    deinit { loop.cancel(transfer) }

    func next() async throws(KubeError) -> [UInt8]? {
        let taken = await withTaskCancellationHandler {
            await buffer.next { loop.resume(transfer) }
        } onCancel: {
            buffer.finish(.cancelled)
        }
        switch taken {
        case .success(let chunk): return chunk
        case .failure(let failure): throw KubeError(operation, .transport(failure))
        }
    }
}
