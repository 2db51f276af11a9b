import Glibc

/// Makes the kernel notice that packets are dropped in silence, within 45 seconds.
enum KeepAlive {
    /// tcp(7): probes after 15 seconds of silence, and with TCP_USER_TIMEOUT the connection is given up when data or
    /// probes have gone unanswered for 30 seconds.
    static func set(on socket: Int32) {
        set(socket, SOL_SOCKET, SO_KEEPALIVE, 1)
        set(socket, Int32(IPPROTO_TCP), TCP_KEEPIDLE, 15)
        set(socket, Int32(IPPROTO_TCP), TCP_KEEPINTVL, 10)
        set(socket, Int32(IPPROTO_TCP), TCP_KEEPCNT, 3)
        set(socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, 30_000)
    }

    // A failure is passed over: the request's own timeout remains.
    private static func set(_ socket: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(socket, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
