import Kube
import LinuxIO
import Observability

/// Reads the files and runs the plugin of a configuration. It blocks and needs its own thread.
struct EndpointLoader: Sendable {
    struct Loaded: Sendable {
        var endpoint: Endpoint
        /// The status of each file, which shows whether the file has changed.
        var stamps: [String: FileStatus]
        var expiry: Timestamp?
        /// False if no file has changed.
        var isNew: Bool
    }

    let configuration: ClusterConfiguration
    /// The endpoint to keep if no file has changed.
    let old: Endpoint?
    let stamps: [String: FileStatus]

    func load() -> Result<Loaded, TransportFailure> {
        // Taken before the files are read, so that a change in between is detected the next time.
        let current = Dictionary(
            configuration.files.compactMap { path in (try? FileStatus(path: path)).map { (path, $0) } }
        ) { first, _ in first }
        if let old, current == stamps {
            return .success(Loaded(endpoint: old, stamps: stamps, expiry: nil, isNew: false))
        }
        return Result { () throws(TransportFailure) in try read(current) }
    }

    private func read(_ stamps: [String: FileStatus]) throws(TransportFailure) -> Loaded {
        var endpoint = Endpoint(server: configuration.server)
        endpoint.tlsServerName = configuration.tlsServerName
        endpoint.insecureSkipTLSVerify = configuration.insecureSkipTLSVerify
        endpoint.proxy = configuration.proxy
        endpoint.authority = try bytes(configuration.authority)
        endpoint.certificate = try bytes(configuration.certificate)
        endpoint.key = try bytes(configuration.key)
        var expiry: Timestamp?
        switch configuration.token {
        case .none: break
        case .inline(let token): endpoint.token = try check(token, from: "the configuration")
        case .file(let path):
            let text = String(decoding: try read(path), as: UTF8.self)
            endpoint.token = try check(text, from: path)
        case .exec(let plugin):
            let credential = try plugin.run(for: endpoint)
            endpoint.token = try credential.token.map { token throws(TransportFailure) in
                try check(token, from: plugin.command)
            }
            if let certificate = credential.certificate, let key = credential.key {
                (endpoint.certificate, endpoint.key) = (certificate, key)
            }
            expiry = credential.expiry
        }
        return Loaded(endpoint: endpoint, stamps: stamps, expiry: expiry, isNew: true)
    }

    /// Checks that a token is one line of printable characters: a newline inside would inject a header.
    private func check(_ token: String, from source: String) throws(TransportFailure) -> String {
        var bytes = Array(token.utf8)[...]
        while let last = bytes.last, last == 0x0a || last == 0x0d || last == 0x20 { bytes.removeLast() }
        guard !bytes.isEmpty, bytes.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw .credentials(reason: "\(source) does not contain a token")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func bytes(_ material: ClusterConfiguration.Material?) throws(TransportFailure) -> [UInt8]? {
        switch material {
        case .inline(let bytes): bytes
        case .file(let path): try read(path)
        case nil: nil
        }
    }

    private func read(_ path: String) throws(TransportFailure) -> [UInt8] {
        do throws(LinuxError) {
            return try FileDescriptor.bytes(at: path)
        } catch {
            throw .credentials(reason: "\(path) cannot be read: \(error.reason)")
        }
    }
}
