import CCurl
import LinuxIO

/// Counts connections and responses, for metrics and tests.
package final class TransferCounters: Sendable {
    package struct Values: Sendable, Equatable {
        /// Connections that were opened for requests with a response.
        package var connections = 0
        /// Responses over HTTP/2.
        package var http2 = 0
    }

    private let state = Mutex(Values())

    var values: Values { state.withLock { $0 } }

    /// Counts a response whose headers have arrived.
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
