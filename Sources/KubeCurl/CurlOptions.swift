import CCurl
import Glibc
import Kube

/// Sets up one easy handle; remembers the first option that libcurl refuses.
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
            failure = .broken(reason: "libcurl refuses \(option): \(String(cString: curl_easy_strerror(code)))")
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
            // libcurl verifies the URL's host, so that is the name, and the connection goes to the real one.
            list = curl_slist_append(nil, "::\(server.host):\(server.port)")
            let list = list
            check("CONNECT_TO") { curl_set_list($0, CURLOPT_CONNECT_TO, list) }
        }
        // Empty: none, not even the one that the environment names, which is not meant for the API server.
        let proxy = endpoint.proxy ?? ""
        check("PROXY") { curl_set_string($0, CURLOPT_PROXY, proxy) }
        check("NOPROXY") { curl_set_string($0, CURLOPT_NOPROXY, "") }
        // The head of the proxy's answer is not the head of the server's.
        check("SUPPRESS_CONNECT_HEADERS") { curl_set_long($0, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1) }
    }

    mutating func setCredentials(_ endpoint: Endpoint) {
        if endpoint.insecureSkipTLSVerify {
            check("SSL_VERIFYPEER") { curl_set_long($0, CURLOPT_SSL_VERIFYPEER, 0) }
            check("SSL_VERIFYHOST") { curl_set_long($0, CURLOPT_SSL_VERIFYHOST, 0) }
        } else if let authority = endpoint.authority {
            check("CAINFO_BLOB") { curl_set_blob($0, CURLOPT_CAINFO_BLOB, authority, authority.count) }
            // Only the cluster's own authority: without this the system's directory is trusted too.
            check("CAPATH") { curl_set_string($0, CURLOPT_CAPATH, nil) }
        }
        if let certificate = endpoint.certificate, let key = endpoint.key {
            check("SSLCERTTYPE") { curl_set_string($0, CURLOPT_SSLCERTTYPE, "PEM") }
            check("SSLCERT_BLOB") { curl_set_blob($0, CURLOPT_SSLCERT_BLOB, certificate, certificate.count) }
            check("SSLKEYTYPE") { curl_set_string($0, CURLOPT_SSLKEYTYPE, "PEM") }
            check("SSLKEY_BLOB") { curl_set_blob($0, CURLOPT_SSLKEY_BLOB, key, key.count) }
        }
    }

    /// - Parameter body: copied by libcurl, and wiped by `CWipe` when libcurl frees it.
    mutating func setMethod(_ method: String, body: [UInt8]) {
        check("CUSTOMREQUEST") { curl_set_string($0, CURLOPT_CUSTOMREQUEST, method) }
        guard !body.isEmpty else { return }
        check("POST") { curl_set_long($0, CURLOPT_POST, 1) }
        // The least there is, which one frame fills: of what each request takes, and what is wiped behind it, most was this.
        check("UPLOAD_BUFFERSIZE") { curl_set_long($0, CURLOPT_UPLOAD_BUFFERSIZE, 16 << 10) }
        // The size first: without it libcurl copies up to the first zero byte.
        check("POSTFIELDSIZE") { curl_set_size($0, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)) }
        check("COPYPOSTFIELDS") { curl_set_pointer($0, CURLOPT_COPYPOSTFIELDS, body) }
    }

    mutating func setRoom(for request: Request) {
        guard let size = Self.room(for: request) else { return }
        check("BUFFERSIZE") { curl_set_long($0, CURLOPT_BUFFERSIZE, size) }
    }

    /// The most that libcurl takes, in bytes.
    static let mostRoom = 512 << 10

    /// Bytes that an answer may fill before its reader has taken any of them; nil where what libcurl takes will do.
    ///
    /// What comes on the shared connection shall have room as a whole, or its end may be held back, see `CurlTransport`.
    static func room(for request: Request) -> Int? {
        let most = mostRoom
        switch request.operation.verb {
        // They share no connection.
        case .watch, .list: return nil
        // A Secret, of a mebibyte at most.
        case .get: return most
        // The object as it was, as it was sent or patched, and what else it has.
        default:
            let known = request.body.count + max(request.body.count, request.answerSize)
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
        // The API server compresses answers from 128 KiB on; a watch must come byte by byte.
        if request.isList {
            check("ACCEPT_ENCODING") { curl_set_string($0, CURLOPT_ACCEPT_ENCODING, "gzip") }
        }
    }

    mutating func setLimits(timeout: Duration) {
        let milliseconds = timeout.components.seconds * 1000 + timeout.components.attoseconds / 1_000_000_000_000_000
        check("TIMEOUT_MS") { curl_set_long($0, CURLOPT_TIMEOUT_MS, Int(milliseconds)) }
        check("CONNECTTIMEOUT_MS") { curl_set_long($0, CURLOPT_CONNECTTIMEOUT_MS, 10_000) }
        check("NOSIGNAL") { curl_set_long($0, CURLOPT_NOSIGNAL, 1) }
        // The end does not wait for a resolver that is slow to answer.
        check("QUICK_EXIT") { curl_set_long($0, CURLOPT_QUICK_EXIT, 1) }
    }

    /// - Parameter isShared: by HTTP/2 where the server speaks it, with other transfers; else by HTTP/1.1 on one that nobody
    ///   else uses.
    mutating func setConnection(isShared: Bool) {
        let version = isShared ? curl_http_version_2tls : curl_http_version_1_1
        check("HTTP_VERSION") { curl_set_long($0, CURLOPT_HTTP_VERSION, version) }
        // Wait for a connection that is being made and use it together, instead of making one more.
        if isShared { check("PIPEWAIT") { curl_set_long($0, CURLOPT_PIPEWAIT, 1) } }
        check("SOCKOPTFUNCTION") { easy in
            curl_set_socket_function(easy, CURLOPT_SOCKOPTFUNCTION) { _, socket, _ in
                // Not for credential plugins.
                _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
                KeepAlive.set(on: socket)
                return CURL_SOCKOPT_OK
            }
        }
    }

    /// - Parameters:
    ///   - transfer: an unretained `Transfer`, which must outlive the easy handle's transfer.
    ///   - errorText: `CURL_ERROR_SIZE` bytes that must do so too.
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
