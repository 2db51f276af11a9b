import CCurl
import LinuxIO

/// What went over the wire, for metrics and tests.
package final class TransferCounters: Sendable {
    package struct Values: Sendable, Equatable {
        /// Connections made for requests that were answered.
        package var connections = 0
        /// Answers that came by HTTP/2.
        package var http2 = 0
    }

    private let state = Mutex(Values())

    var values: Values { state.withLock { $0 } }

    /// The head of an answer has come.
    func count(_ easy: UnsafeMutableRawPointer) {
        var connections = 0
        var version = 0
        curl_get_long(easy, CURLINFO_NUM_CONNECTS, &connections)
        curl_get_long(easy, CURLINFO_HTTP_VERSION, &version)
        state.withLock { state in
            state.connections += connections
            if version == curl_http_version_2 { state.http2 += 1 }
        }
    }
}
