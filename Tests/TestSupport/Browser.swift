import FoundationEssentials
import Glibc
package import JSON
import LinuxIO

/// A headless Chromium with one page, controlled over a pipe with the DevTools protocol
/// (https://chromedevtools.github.io/devtools-protocol/). Every call blocks: use it only in `withBrowser`.
package final class Browser {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let toBrowser: FileDescriptor
    private let fromBrowser: FileDescriptor
    private var unread: [UInt8] = []
    private var lastNumber = 0
    private var session: String?
    /// The events of the page, oldest first: `method` and `params`.
    package private(set) var events: [JSONValue] = []

    package static let isInstalled = access("/usr/bin/chromium", X_OK) == 0

    /// Starts a browser, passes it to `body` on a separate thread, and ends it.
    package static func withBrowser<Value: Sendable>(_ body: @escaping @Sendable (Browser) throws -> Value) async throws
        -> Value
    {
        let commands = try Pipe()
        let answers = try Pipe()
        let folder = try ScratchFolder()
        let process = try await ServerProcess(
            "chromium",
            [
                "--headless", "--no-sandbox", "--remote-debugging-pipe", "--user-data-dir=\(folder.path)/profile",
                "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--font-render-hinting=none",
                "about:blank",
            ], log: "\(folder.path)/log", descriptors: [(commands.reader, 3), (answers.writer, 4)])
        commands.closeReader()
        answers.closeWriter()
        let ends = (commands.writer, answers.reader)
        let result: Result<Value, any Error> = await OwnedThread.value(name: "browser") {
            Result {
                let browser = Browser(
                    toBrowser: FileDescriptor(owning: ends.0), fromBrowser: FileDescriptor(owning: ends.1))
                try browser.open()
                defer { _ = try? browser.call("Browser.close", session: nil) }
                return try body(browser)
            }
        }
        await process.kill()
        return try result.get()
    }

    private init(toBrowser: consuming FileDescriptor, fromBrowser: consuming FileDescriptor) {
        self.toBrowser = toBrowser
        self.fromBrowser = fromBrowser
    }

    private func open() throws {
        let target = try call("Target.createTarget", ["url": "about:blank"], session: nil)
        let attached = try call(
            "Target.attachToTarget", ["targetId": target["targetId"] ?? nil, "flatten": true], session: nil)
        session = attached["sessionId"]?.string
        for domain in ["Page", "Network", "Log", "Runtime"] { try call("\(domain).enable") }
    }

    /// Sets the window's size and appearance.
    package func show(width: Int, height: Int, scale: Double = 1, isDark: Bool) throws {
        try call(
            "Emulation.setDeviceMetricsOverride",
            [
                "width": .int(width), "height": .int(height), "deviceScaleFactor": .double(scale),
                "mobile": .bool(width < 600),
            ])
        try call(
            "Emulation.setEmulatedMedia",
            ["features": [["name": "prefers-color-scheme", "value": isDark ? "dark" : "light"]]])
    }

    /// Loads a page and waits until it is complete.
    package func load(_ url: String) throws {
        events = []
        try call("Page.navigate", ["url": .string(url)])
        while !events.contains(where: { $0["method"]?.string == "Page.loadEventFired" }) { try receive() }
    }

    /// The value of a JavaScript expression, awaited if it is a promise.
    package func value(of expression: String) throws -> JSONValue {
        let answer = try call(
            "Runtime.evaluate",
            ["expression": .string(expression), "returnByValue": true, "awaitPromise": true])
        if let exception = answer["exceptionDetails"] { throw Failure(description: "\(exception)") }
        return answer["result"]?["value"] ?? nil
    }

    /// The top of the page as PNG, up to this height in pixels.
    package func screenshot(height: Int) throws -> [UInt8] {
        let size = try value(of: "[innerWidth, Math.min(\(height), document.documentElement.scrollHeight)]").array
        let answer = try call(
            "Page.captureScreenshot",
            [
                "format": "png", "captureBeyondViewport": true,
                "clip": ["x": 0, "y": 0, "width": size?[0] ?? 0, "height": size?[1] ?? 0, "scale": 1],
            ])
        guard let data = answer["data"]?.string.flatMap({ Data(base64Encoded: $0) }) else {
            throw Failure(description: "there is no screenshot in the response")
        }
        return Array(data)
    }

    @discardableResult
    private func call(_ method: String, _ parameters: JSONValue = [:]) throws -> JSONValue {
        try call(method, parameters, session: session)
    }

    @discardableResult
    private func call(_ method: String, _ parameters: JSONValue = [:], session: String?) throws -> JSONValue {
        lastNumber += 1
        var message: JSONValue = ["id": .int(lastNumber), "method": .string(method), "params": parameters]
        if let session { message = message.merging(["sessionId": .string(session)]) }
        // A NUL ends each message.
        try (message.encoded() + [0]).withUnsafeBytes { try toBrowser.write(all: $0) }
        while true {
            guard let answer = try receive() else { continue }
            if let error = answer["error"] { throw Failure(description: "\(method): \(error)") }
            return answer["result"] ?? [:]
        }
    }

    /// Reads a message: returns the response to the last call, or nil for an event.
    @discardableResult
    private func receive() throws -> JSONValue? {
        while true {
            if let end = unread.firstIndex(of: 0) {
                let message = try JSONValue(json: Array(unread[..<end]))
                unread.removeFirst(end + 1)
                if message["id"]?.int == lastNumber { return message }
                events.append(message)
                return nil
            }
            var ready = pollfd(fd: fromBrowser.rawValue, events: Int16(POLLIN), revents: 0)
            guard poll(&ready, 1, 60_000) > 0 else { throw Failure(description: "the browser does not respond") }
            var buffer = [UInt8](repeating: 0, count: 1 << 20)
            let count = try buffer.withUnsafeMutableBytes { try fromBrowser.read(into: $0) }
            guard count > 0 else { throw Failure(description: "the browser has ended") }
            unread += buffer[..<count]
        }
    }
}

/// Two descriptors with numbers above those that a child gets.
private final class Pipe: Sendable {
    let reader: Int32
    let writer: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Browser.Failure(description: "cannot create a pipe") }
        reader = fcntl(ends[0], F_DUPFD_CLOEXEC, 100)
        writer = fcntl(ends[1], F_DUPFD_CLOEXEC, 100)
        for end in ends { close(end) }
    }

    func closeReader() { close(reader) }
    func closeWriter() { close(writer) }
}
