import JSON
import Kube
import Stores

enum KubeTargets {
    /// However a stream is split into chunks, its lines are the same.
    static let lines: Fuzz.Target = { bytes in
        guard let first = bytes.first else { return }
        let stream = Array(bytes.dropFirst())
        let limit = 16 + Int(first >> 4)
        let size = 1 + Int(first & 15)
        let chunks = stride(from: 0, to: stream.count, by: size).map {
            Array(stream[$0..<min($0 + size, stream.count)])
        }
        let lines = feed([stream], limit)
        Fuzz.require(feed(chunks, limit) == lines, "lines do not depend on chunks")
        let newline = UInt8(ascii: "\n")
        let parts = stream.split(separator: newline, omittingEmptySubsequences: false).map { Array($0) }
        // The last line has no newline: it counts only if it is too long.
        let expected = parts.enumerated().compactMap { index, part -> LineSplitter.Line? in
            if part.count > limit { return .tooLong }
            return part.isEmpty || index == parts.count - 1 ? nil : .whole(part)
        }
        Fuzz.require(lines == expected, "each line is delivered once, and one that is too long affects no other")
    }

    private static func feed(_ chunks: [[UInt8]], _ limit: Int) -> [LineSplitter.Line] {
        var splitter = LineSplitter(limit: limit)
        return chunks.flatMap { splitter.feed($0) }
    }

    /// A value that is written and read again is the same, on one line.
    static let json: Fuzz.Target = { bytes in
        guard let value = try? JSONValue(json: bytes) else { return }
        let text = value.encoded()
        Fuzz.require(text.allSatisfy { $0 >= 0x20 }, "JSON is written on one line")
        guard let again = try? JSONValue(json: text) else {
            Fuzz.require(false, "written output can be read")
            return
        }
        Fuzz.require(again == value, "reading returns the written value")
        Fuzz.require(again.encoded() == text, "equal values have equal bytes")
    }

    /// The rules of RFC 7386.
    static let merge: Fuzz.Target = { bytes in
        let parts = bytes.split(separator: 0, maxSplits: 1).map { Array($0) }
        guard parts.count == 2, let value = try? JSONValue(json: parts[0]), let patch = try? JSONValue(json: parts[1])
        else { return }
        let merged = value.merging(patch)
        Fuzz.require(merged.merging(patch) == merged, "applying a patch twice changes nothing more")
        if value.object != nil { Fuzz.require(value.merging([:]) == value, "an empty patch changes nothing") }
        guard let members = patch.object else {
            Fuzz.require(merged == patch, "a patch that is not an object replaces the value")
            return
        }
        Fuzz.require(merged.object != nil, "patching with an object results in an object")
        for (key, change) in members {
            Fuzz.require((merged[key] == nil) == (change == .null), "null removes a key, and nothing else does")
        }
        for (key, old) in value.object ?? [:] where members[key] == nil {
            Fuzz.require(merged[key] == old, "keys that are not in the patch are kept")
        }
    }

    /// Any response to a list is a page, or an error that gives the place without quoting values.
    static let list: Fuzz.Target = { bytes in
        page(MetadataOnly.self, bytes)
        page(SecretObject.self, bytes)
        page(DistributionObject<NamespacedDistributions>.self, bytes)
    }

    private static func page<Item: KubeObject>(_ type: Item.Type, _ bytes: [UInt8]) {
        var machine = WatchStateMachine<Item>(.secrets)
        check(machine.step(.start, random: 0))
        do {
            let page = try JSONBytes.decode(ListPage<Item>.self, from: bytes)
            Fuzz.require(page.nextPage != "", "there is no empty token")
            let actions = check(machine.step(.page(page), random: 0.5))
            guard page.nextPage == nil else { return }
            guard case .emit(.replace(let items, _))? = actions.first else {
                Fuzz.require(false, "a complete list resets the cache")
                return
            }
            Fuzz.require(items.count == page.items.count, "no object is lost")
        } catch {
            Fuzz.require(!error.description.isEmpty, "an error has a text")
            check(machine.step(.failed(KubeError(operation, .decoding(error.description)), lasted: .zero), random: 1))
        }
    }

    /// A stream of watch lines: the state machine always has a next action, and no wait is endless.
    static let watch: Fuzz.Target = { bytes in
        watch(MetadataOnly.self, bytes)
        watch(SecretObject.self, bytes)
        watch(DistributionObject<NamespacedDistributions>.self, bytes)
    }

    private static func watch<Item: KubeObject>(_ type: Item.Type, _ bytes: [UInt8]) {
        var machine = WatchStateMachine<Item>(.secrets)
        check(machine.step(.start, random: 0))
        check(machine.step(.page(ListPage(resourceVersion: "1", items: [])), random: 0))
        var splitter = LineSplitter()
        for case .whole(let line) in splitter.feed(bytes + [UInt8(ascii: "\n")]) {
            guard let event = try? JSONBytes.decode(WatchEvent<Item>.self, from: line) else {
                Fuzz.require(
                    check(machine.step(.unreadable(after: .seconds(1)), random: 0)).isEmpty, "the watch continues")
                check(machine.step(.ended(lasted: .seconds(line.count)), random: 0))
                continue
            }
            let actions = check(machine.step(.event(event, after: .seconds(1)), random: 0.5))
            switch event {
            case .upsert(let item), .delete(let item):
                Fuzz.require(actions.count == 1 && !actions[0].isRequest, "a change is passed on")
                guard let version = item.metadata.resourceVersion, !version.isEmpty else { continue }
                expectWatch(from: version, machine)
            case .bookmark(let version):
                Fuzz.require(actions.isEmpty, "a bookmark is not a change")
                if !version.isEmpty { expectWatch(from: version, machine) }
            case .error: Fuzz.require(actions.last?.isRequest == true, "an error has a next action")
            case .unknown: Fuzz.require(actions.isEmpty, "unknown events are ignored")
            }
        }
    }

    private static func expectWatch<Item>(from version: String, _ machine: WatchStateMachine<Item>) {
        var machine = machine
        guard case .watch(version, let timeout)? = machine.step(.waited, random: 0.5).first else {
            Fuzz.require(false, "the watch resumes at its version")
            return
        }
        Fuzz.require((.seconds(100)...(.seconds(150))).contains(timeout), "a watch has a timeout")
    }

    @discardableResult
    private static func check<Item>(_ actions: [WatchStateMachine<Item>.Action]) -> [WatchStateMachine<Item>.Action] {
        Fuzz.require(actions.dropLast().allSatisfy { !$0.isRequest }, "only the last action is a request")
        for case .wait(let delay) in actions {
            Fuzz.require(delay > .zero && delay <= .seconds(60), "a wait is neither zero nor long")
        }
        return actions
    }

    /// Any response without success is an error of a specific kind that quotes no value.
    static let status: Fuzz.Target = { bytes in
        guard bytes.count >= 2 else { return }
        let code = Int(bytes[0]) << 8 | Int(bytes[1])
        let parts = bytes.dropFirst(2).split(
            separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
        let headers = parts.count > 1 ? ["retry-after": Fuzz.text(parts[1])] : [:]
        let message = (try? JSONValue(json: Array(parts[0])))?["message"]?.string
        let request = Request.create(.secrets, namespace: "web", ["stringData": ["a": .string(message ?? "a")]])
        let error = KubeError(request, response: Response(status: code, headers: headers, body: Array(parts[0])))
        if let delay = error.retryAfter {
            Fuzz.require(delay >= .zero && delay <= .seconds(60), "the server cannot ask for a long wait")
        }
        Fuzz.require(!error.description.isEmpty, "an error has a text")
        if code == 410 { Fuzz.require(error.kind == .expired, "410 causes a new list") }
        if code == 401 { Fuzz.require(error.kind == .unauthorized, "401 is about credentials") }
        if let message, message.utf8.count > 60, message.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) {
            Fuzz.require(!error.description.contains(message), "values that the server quotes are omitted")
        }
    }

    private static let operation = Operation(.watch, resource: "secrets")
}
