import CCurl
import Glibc
import Kube

/// Sets the options of one easy handle. Keeps the error of the first option that libcurl rejects.
struct CurlOptions {
    let easy: UnsafeMutableRawPointer?
    private(set) var failure: TransportFailure?

    init() {
        easy = curl_easy_init()
        if easy == nil { failure = .broken(reason: "libcurl is out of memory") }
    }

    private mutating func check(_ option: StaticString, _ set: (UnsafeMutableRawPointer) -> CURLcode) {
        guard let easy, failure == nil else { return }
        let code = set(easy)
        if code != CURLE_OK {
            failure = .broken(reason: "libcurl rejects option \(option): \(String(cString: curl_easy_strerror(code)))")
        }
    }

    mutating func setAddress(
        _ endpoint: Endpoint, target: String, connectTo list: inout UnsafeMutablePointer<curl_slist>?
    ) {
        let server = endpoint.server
        let url = server.text(host: endpoint.tlsServerName) + target
        check("URL") { curl_set_string($0, CURLOPT_URL, url) }
        check("PROTOCOLS") { curl_set_string($0, CURLOPT_PROTOCOLS_STR, "http,https") }
        if endpoint.tlsServerName != nil {
            // libcurl verifies the host of the URL, so the URL has the certificate's name. CONNECT_TO has the real
            // host.
            list = curl_slist_append(nil, "::\(server.host):\(server.port)")
            let list = list
            check("CONNECT_TO") { curl_set_list($0, CURLOPT_CONNECT_TO, list) }
        }
        // Empty for no proxy. Otherwise libcurl would use the proxy of the environment, which is not for the API
        // server.
        let proxy = endpoint.proxy ?? ""
        check("PROXY") { curl_set_string($0, CURLOPT_PROXY, proxy) }
        check("NOPROXY") { curl_set_string($0, CURLOPT_NOPROXY, "") }
        // The response headers of the proxy are not those of the server.
        check("SUPPRESS_CONNECT_HEADERS") { curl_set_long($0, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1) }
    }

    mutating func setCredentials(_ endpoint: Endpoint) {
        if endpoint.insecureSkipTLSVerify {
            check("SSL_VERIFYPEER") { curl_set_long($0, CURLOPT_SSL_VERIFYPEER, 0) }
            check("SSL_VERIFYHOST") { curl_set_long($0, CURLOPT_SSL_VERIFYHOST, 0) }
        } else if let authority = endpoint.authority {
            check("CAINFO_BLOB") { curl_set_blob($0, CURLOPT_CAINFO_BLOB, authority, authority.count) }
            // Trusts only the authority of the cluster. Without this, libcurl also trusts the directory of the system.
            check("CAPATH") { curl_set_string($0, CURLOPT_CAPATH, nil) }
        }
        if let certificate = endpoint.certificate, let key = endpoint.key {
            check("SSLCERTTYPE") { curl_set_string($0, CURLOPT_SSLCERTTYPE, "PEM") }
            check("SSLCERT_BLOB") { curl_set_blob($0, CURLOPT_SSLCERT_BLOB, certificate, certificate.count) }
            check("SSLKEYTYPE") { curl_set_string($0, CURLOPT_SSLKEYTYPE, "PEM") }
            check("SSLKEY_BLOB") { curl_set_blob($0, CURLOPT_SSLKEY_BLOB, key, key.count) }
        }
    }

    /// - Parameter body: libcurl copies it, and `CWipe` wipes the copy when libcurl frees it.
    mutating func setMethod(_ method: String, body: [UInt8]) {
        check("CUSTOMREQUEST") { curl_set_string($0, CURLOPT_CUSTOMREQUEST, method) }
        guard !body.isEmpty else { return }
        check("POST") { curl_set_long($0, CURLOPT_POST, 1) }
        // The minimum, which one frame fills. The default was the largest part of the memory of a request, all of which
        // is wiped after it.
        check("UPLOAD_BUFFERSIZE") { curl_set_long($0, CURLOPT_UPLOAD_BUFFERSIZE, 16 << 10) }
        // The size must be set first: without it, libcurl copies only up to the first zero byte.
        check("POSTFIELDSIZE") { curl_set_size($0, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)) }
        check("COPYPOSTFIELDS") { curl_set_pointer($0, CURLOPT_COPYPOSTFIELDS, body) }
    }

    mutating func setRoom(for request: Request) {
        guard let size = Self.room(for: request) else { return }
        check("BUFFERSIZE") { curl_set_long($0, CURLOPT_BUFFERSIZE, size) }
    }

    /// The maximum that libcurl accepts, in bytes.
    static let maxBufferSize = 512 << 10

    /// The size in bytes of the receive buffer for the response; nil for libcurl's default.
    ///
    /// A response on the shared connection should fit into the buffer as a whole. Otherwise its end may be delayed; see
    /// `CurlTransport`.
    static func room(for request: Request) -> Int? {
        let most = maxBufferSize
        switch request.operation.verb {
        // They do not share connections.
        case .watch, .list: return nil
        // A Secret may have 1 MiB.
        case .get: return most
        // The object before the write, the sent object or patch, and other fields.
        default:
            let known = request.body.count + max(request.body.count, request.expectedResponseSize)
            return min(known + (16 << 10), most)
        }
    }

    mutating func setHeaders(
        _ request: Request, token: String?, list: inout UnsafeMutablePointer<curl_slist>?
    ) {
        var lines = ["Accept: \(request.accept)", "Expect:"]
        if let type = request.contentType { lines.append("Content-Type: \(type)") }
        if let token { lines.append("Authorization: Bearer \(token)") }
        for line in lines { list = curl_slist_append(list, line) }
        let list = list
        check("HTTPHEADER") { curl_set_list($0, CURLOPT_HTTPHEADER, list) }
        check("USERAGENT") { curl_set_string($0, CURLOPT_USERAGENT, Request.fieldManager) }
        // The API server compresses responses of 128 KiB or more. A watch must arrive without delay.
        if request.isList {
            check("ACCEPT_ENCODING") { curl_set_string($0, CURLOPT_ACCEPT_ENCODING, "gzip") }
        }
    }

    mutating func setLimits(timeout: Duration) {
        let milliseconds = timeout.components.seconds * 1000 + timeout.components.attoseconds / 1_000_000_000_000_000
        check("TIMEOUT_MS") { curl_set_long($0, CURLOPT_TIMEOUT_MS, Int(milliseconds)) }
        check("CONNECTTIMEOUT_MS") { curl_set_long($0, CURLOPT_CONNECTTIMEOUT_MS, 10_000) }
        check("NOSIGNAL") { curl_set_long($0, CURLOPT_NOSIGNAL, 1) }
        // Shutdown does not wait for a slow resolver.
        check("QUICK_EXIT") { curl_set_long($0, CURLOPT_QUICK_EXIT, 1) }
    }

    /// - Parameter isShared: true to share an HTTP/2 connection with other transfers, if the server supports HTTP/2;
    ///   false for HTTP/1.1 on a separate connection.
    mutating func setConnection(isShared: Bool) {
        let version = isShared ? curl_http_version_2tls : curl_http_version_1_1
        check("HTTP_VERSION") { curl_set_long($0, CURLOPT_HTTP_VERSION, version) }
        // Waits for a connection that is being opened and shares it, instead of opening another one.
        if isShared { check("PIPEWAIT") { curl_set_long($0, CURLOPT_PIPEWAIT, 1) } }
        check("SOCKOPTFUNCTION") { easy in
            curl_set_socket_function(easy, CURLOPT_SOCKOPTFUNCTION) { _, socket, _ in
                // Credential plugins must not inherit the socket.
                _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
                KeepAlive.set(on: socket)
                return CURL_SOCKOPT_OK
            }
        }
    }

    /// - Parameters:
    ///   - transfer: an unretained `Transfer`, which must outlive the transfer of the easy handle.
    ///   - errorText: a buffer of `CURL_ERROR_SIZE` bytes, which must outlive it too.
    mutating func setReceiver(_ transfer: UnsafeMutableRawPointer, errorText: UnsafeMutablePointer<CChar>) {
        check("ERRORBUFFER") { curl_set_pointer($0, CURLOPT_ERRORBUFFER, errorText) }
        check("PRIVATE") { curl_set_pointer($0, CURLOPT_PRIVATE, transfer) }
        check("HEADERDATA") { curl_set_pointer($0, CURLOPT_HEADERDATA, transfer) }
        check("HEADERFUNCTION") { easy in
            curl_set_data_function(easy, CURLOPT_HEADERFUNCTION) { data, size, count, context in
                guard let context else { return 0 }
                let line = UnsafeRawBufferPointer(start: data, count: size * count)
                Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receive(header: line)
                return size * count
            }
        }
        check("WRITEDATA") { curl_set_pointer($0, CURLOPT_WRITEDATA, transfer) }
        check("WRITEFUNCTION") { easy in
            curl_set_data_function(easy, CURLOPT_WRITEFUNCTION) { data, size, count, context in
                guard let context else { return 0 }
                let chunk = UnsafeRawBufferPointer(start: data, count: size * count)
                let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
                return switch transfer.receive(body: chunk) {
                case .taken: size * count
                case .full: Int(CURL_WRITEFUNC_PAUSE)
                case .ended: Int(bitPattern: UInt(CURL_WRITEFUNC_ERROR))
                }
            }
        }
    }
}

/// Makes the kernel detect within 45 seconds that packets are silently dropped.
enum KeepAlive {
    /// tcp(7): the kernel sends probes after 15 seconds of silence. With TCP_USER_TIMEOUT, it closes the connection if
    /// data or probes are not acknowledged for 30 seconds.
    static func set(on socket: Int32) {
        set(socket, SOL_SOCKET, SO_KEEPALIVE, 1)
        set(socket, Int32(IPPROTO_TCP), TCP_KEEPIDLE, 15)
        set(socket, Int32(IPPROTO_TCP), TCP_KEEPINTVL, 10)
        set(socket, Int32(IPPROTO_TCP), TCP_KEEPCNT, 3)
        set(socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, 30_000)
    }

    // A failure is ignored, because the timeout of the request still applies.
    private static func set(_ socket: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(socket, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
