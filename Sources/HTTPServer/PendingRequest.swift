/// A request that libmicrohttpd has read, from its first line until it is completed. Belongs to the server's thread;
/// libmicrohttpd keeps the one lasting reference.
final class PendingRequest {
    /// Path and query as the client sent them.
    let target: String
    let number: UInt64
    let connection: OpaquePointer
    /// What to answer when the connection is resumed.
    var answer: Answer?
    /// Whoever is to answer later, and until when.
    var exchange: Exchange?
    var end = ContinuousClock.now

    init(target: String, number: UInt64, connection: OpaquePointer) {
        self.target = target
        self.number = number
        self.connection = connection
    }

    static func of(_ pointer: UnsafeMutableRawPointer?) -> PendingRequest? {
        pointer.map { Unmanaged<PendingRequest>.fromOpaque($0).takeUnretainedValue() }
    }
}
