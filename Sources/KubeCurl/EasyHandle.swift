import CCurl
import Glibc
import Kube

/// An easy handle of libcurl, which serves one transfer after another.
///
/// What is the same for all requests to an endpoint is set once: it takes longer than the rest of a request. Only the curl
/// thread uses it.
final class EasyHandle {
    let easy: UnsafeMutableRawPointer
    /// Holds libcurl's message if the transfer fails, with a zero at the end.
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var connectList: UnsafeMutablePointer<curl_slist>?
    private var headerList: UnsafeMutablePointer<curl_slist>?
    /// The header lines in `headerList`.
    private var headerLines: [String] = []
    /// The server and credentials that its options are for.
    let endpoint: Endpoint
    /// The size of its receive buffer in bytes; nil for libcurl's default. It cannot change once the handle was used.
    let room: Int?
    /// The error of the first option that libcurl rejects.
    private var failure: TransportFailure?

    /// - Parameters:
    ///   - room: see `room(for:)`.
    ///   - sharesConnections: true to share an HTTP/2 connection with other transfers, if the server supports HTTP/2;
    ///     false for HTTP/1.1 on a separate connection.
    init(to endpoint: Endpoint, room: Int?, sharesConnections: Bool) throws(TransportFailure) {
        guard let easy = curl_easy_init() else { throw .broken(reason: "libcurl is out of memory") }
        self.easy = easy
        self.endpoint = endpoint
        self.room = room
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        check("ERRORBUFFER") { curl_set_pointer($0, CURLOPT_ERRORBUFFER, errorText) }
        check("PROTOCOLS") { curl_set_string($0, CURLOPT_PROTOCOLS_STR, "http,https") }
        check("NOPROXY") { curl_set_string($0, CURLOPT_NOPROXY, "") }
        // The response headers of the proxy are not those of the server.
        check("SUPPRESS_CONNECT_HEADERS") { curl_set_long($0, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1) }
        check("USERAGENT") { curl_set_string($0, CURLOPT_USERAGENT, Request.fieldManager) }
        check("CONNECTTIMEOUT_MS") { curl_set_long($0, CURLOPT_CONNECTTIMEOUT_MS, 10_000) }
        check("NOSIGNAL") { curl_set_long($0, CURLOPT_NOSIGNAL, 1) }
        // Shutdown does not wait for a slow resolver.
        check("QUICK_EXIT") { curl_set_long($0, CURLOPT_QUICK_EXIT, 1) }
        // The minimum, which one frame fills. The default was the largest part of the memory of a request, all of which
        // is wiped after it.
        check("UPLOAD_BUFFERSIZE") { curl_set_long($0, CURLOPT_UPLOAD_BUFFERSIZE, 16 << 10) }
        if let room { check("BUFFERSIZE") { curl_set_long($0, CURLOPT_BUFFERSIZE, room) } }
        setServer()
        setCredentials()
        setConnection(isShared: sharesConnections)
        setCallbacks()
        if let failure { throw failure }
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headerList)
        curl_slist_free_all(connectList)
        errorText.deallocate()
    }

    /// libcurl's message about the last failure.
    var message: String { String(cString: errorText) }

    /// Sets what a transfer needs.
    ///
    /// - Parameter transfer: an unretained `Transfer`, which must outlive the transfer of the easy handle.
    /// - Throws: if libcurl rejects an option. The handle is then of no further use.
    func prepare(
        _ request: Request, timeout: Duration, for transfer: UnsafeMutableRawPointer
    ) throws(TransportFailure) {
        errorText[0] = 0
        let url = endpoint.server.text(host: endpoint.tlsServerName) + request.target
        check("URL") { curl_set_string($0, CURLOPT_URL, url) }
        setMethod(request.method.rawValue, body: request.body)
        setHeaders(request)
        let milliseconds = timeout.components.seconds * 1000 + timeout.components.attoseconds / 1_000_000_000_000_000
        check("TIMEOUT_MS") { curl_set_long($0, CURLOPT_TIMEOUT_MS, Int(milliseconds)) }
        check("PRIVATE") { curl_set_pointer($0, CURLOPT_PRIVATE, transfer) }
        check("HEADERDATA") { curl_set_pointer($0, CURLOPT_HEADERDATA, transfer) }
        check("WRITEDATA") { curl_set_pointer($0, CURLOPT_WRITEDATA, transfer) }
        if let failure { throw failure }
    }

    /// Releases libcurl's copy of the request's body.
    ///
    /// - Returns: whether the handle can serve another transfer.
    func releaseBody() -> Bool {
        check("COPYPOSTFIELDS") { curl_set_pointer($0, CURLOPT_COPYPOSTFIELDS, nil) }
        return failure == nil
    }

    private func check(_ option: StaticString, _ set: (UnsafeMutableRawPointer) -> CURLcode) {
        guard failure == nil else { return }
        let code = set(easy)
        if code != CURLE_OK {
            failure = .broken(reason: "libcurl rejects option \(option): \(String(cString: curl_easy_strerror(code)))")
        }
    }
}

extension EasyHandle {
    private func setServer() {
        if endpoint.tlsServerName != nil {
            // libcurl verifies the host of the URL, so the URL has the certificate's name. CONNECT_TO has the real
            // host.
            connectList = curl_slist_append(nil, "::\(endpoint.server.host):\(endpoint.server.port)")
        }
        check("CONNECT_TO") { curl_set_list($0, CURLOPT_CONNECT_TO, connectList) }
        // Empty for no proxy. Otherwise libcurl would use the proxy of the environment, which is not for the API
        // server.
        let proxy = endpoint.proxy ?? ""
        check("PROXY") { curl_set_string($0, CURLOPT_PROXY, proxy) }
    }

    private func setCredentials() {
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
    private func setMethod(_ method: String, body: [UInt8]) {
        check("CUSTOMREQUEST") { curl_set_string($0, CURLOPT_CUSTOMREQUEST, method) }
        guard !body.isEmpty else { return check("HTTPGET") { curl_set_long($0, CURLOPT_HTTPGET, 1) } }
        check("POST") { curl_set_long($0, CURLOPT_POST, 1) }
        // The size must be set first: without it, libcurl copies only up to the first zero byte.
        check("POSTFIELDSIZE") { curl_set_size($0, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)) }
        check("COPYPOSTFIELDS") { curl_set_pointer($0, CURLOPT_COPYPOSTFIELDS, body) }
    }

    /// The maximum that libcurl accepts, in bytes.
    static let maxBufferSize = 512 << 10

    /// The size in bytes of the receive buffer for the response; nil for libcurl's default.
    ///
    /// A response on the shared connection should fit into the buffer as a whole. Otherwise its end may be delayed; see
    /// `CurlTransport`. A power of two, so that similar requests use the same handles.
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
            var room = 32 << 10
            while room < known + (16 << 10), room < most { room *= 2 }
            return room
        }
    }

    private func setHeaders(_ request: Request) {
        var lines = ["Accept: \(request.accept)", "Expect:"]
        if let type = request.contentType { lines.append("Content-Type: \(type)") }
        if let token = endpoint.token { lines.append("Authorization: Bearer \(token)") }
        if lines != headerLines {
            let old = headerList
            headerList = lines.reduce(nil) { curl_slist_append($0, $1) }
            headerLines = lines
            check("HTTPHEADER") { curl_set_list($0, CURLOPT_HTTPHEADER, headerList) }
            curl_slist_free_all(old)
        }
        // The API server compresses responses of 128 KiB or more. A watch must arrive without delay.
        check("ACCEPT_ENCODING") { curl_set_string($0, CURLOPT_ACCEPT_ENCODING, request.isList ? "gzip" : nil) }
    }

    /// - Parameter isShared: true to share an HTTP/2 connection with other transfers, if the server supports HTTP/2;
    ///   false for HTTP/1.1 on a separate connection.
    private func setConnection(isShared: Bool) {
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

    private func setCallbacks() {
        check("HEADERFUNCTION") { easy in
            curl_set_data_function(easy, CURLOPT_HEADERFUNCTION) { data, size, count, context in
                guard let context else { return 0 }
                let line = UnsafeRawBufferPointer(start: data, count: size * count)
                Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receive(header: line)
                return size * count
            }
        }
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
