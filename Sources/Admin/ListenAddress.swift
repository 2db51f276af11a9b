import Glibc

/// The address that the admin endpoint listens on.
package struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    /// An IPv4 or IPv6 address without brackets; nil means all addresses.
    package var host: String?
    /// The port; 0 lets the kernel choose one.
    package var port: UInt16

    package init(host: String? = nil, port: UInt16) {
        self.host = host
        self.port = port
    }

    package static let standard = ListenAddress(port: 9895)

    /// Parses `:9895`, `127.0.0.1:9895` or `[::1]:9895`; returns nil for anything else.
    package init?(_ text: String) {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits) else {
            return nil
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        guard host.isEmpty || Self.isAddress(host) else { return nil }
        self.init(host: host.isEmpty ? nil : host, port: port)
    }

    /// Whether it is an IPv4 or IPv6 address; a zone may follow, as in `fe80::1%eth0`. A name is none.
    private static func isAddress(_ host: String) -> Bool {
        var (four, six) = (in_addr(), in6_addr())
        let parts = host.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        let address = String(parts[0])
        guard parts.count == 1 || !parts[1].isEmpty && parts[1].utf8.allSatisfy(\.isASCIIAddressPart) else {
            return false
        }
        return inet_pton(AF_INET6, address, &six) == 1 || parts.count == 1 && inet_pton(AF_INET, address, &four) == 1
    }

    /// Whether only processes of the same network namespace, such as the containers of the pod, reach it: 127.0.0.0/8 and
    /// ::1.
    package var isLoopback: Bool {
        guard let host else { return false }
        var (four, six) = (in_addr(), in6_addr())
        if inet_pton(AF_INET, host, &four) == 1 { return UInt32(bigEndian: four.s_addr) >> 24 == 127 }
        return inet_pton(AF_INET6, host, &six) == 1
            && withUnsafeBytes(of: &six) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
    }

    package var description: String {
        guard let host else { return ":\(port)" }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

extension UInt8 {
    /// True for digits, letters, `.`, `:`, and `%`, which precedes a zone.
    fileprivate var isASCIIAddressPart: Bool {
        (48...57).contains(self) || (97...122).contains(self) || (65...90).contains(self) || ".:%".utf8.contains(self)
    }
}
