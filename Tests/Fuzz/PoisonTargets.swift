import JSON
import Kube
import Stores

enum PoisonTargets {
    /// Whatever one object of a tenant contains, in a list or in a watch, all other objects are still delivered.
    ///
    /// The first byte selects the place, and the rest is the object, or a part of one.
    static let poison: Fuzz.Target = { bytes in
        guard let first = bytes.first else { return }
        let poison = Poison(place: Int(first & 3), isPart: first & 4 != 0, Array(bytes.dropFirst()))
        poison.tryOn(MetadataOnly.self)
        poison.tryOn(SecretObject.self)
        poison.tryOn(DistributionObject<NamespacedDistributions>.self)
    }
}

/// One malicious object among three good ones.
private struct Poison {
    let place: Int
    let json: [UInt8]

    /// - Parameter isPart: whether the bytes are an unused part of a good object.
    init(place: Int, isPart: Bool, _ bytes: [UInt8]) {
        self.place = place
        json =
            isPart
            ? Array(#"{"metadata":{"name":"part","managedFields":[{"fieldsV1":"#.utf8) + bytes + Array("}]}}".utf8)
            : bytes
    }

    private static let names = ["a", "b", "c"]

    private static func good(_ name: String) -> [UInt8] {
        Array(#"{"metadata":{"name":"\#(name)","namespace":"web","resourceVersion":"7"}}"#.utf8)
    }

    func tryOn<Item: KubeObject>(_ type: Item.Type) {
        list(type)
        watch(type)
    }

    /// Input without an end of its own, which no server sends, has consumed the rest of the list.
    private var isWhole: Bool {
        guard let first = json.first(where: { ![0x20, 0x0a, 0x0d, 0x09].contains($0) }) else { return false }
        var (depth, isText, isEscaped) = (0, false, false)
        for (index, byte) in json.enumerated() {
            if isText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else {
                    isText = byte != UInt8(ascii: "\"")
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isText = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                guard depth > 0 || index == json.count - 1 else { return false }
            default: break
            }
            guard depth >= 0 else { return false }
        }
        return depth == 0 && !isText && [UInt8(ascii: "{"), UInt8(ascii: "[")].contains(first)
    }

    private func list<Item: KubeObject>(_ type: Item.Type) {
        var items = Self.names.map(Self.good)
        items.insert(json, at: place)
        let text =
            Array(#"{"items":["#.utf8) + items.joined(separator: [UInt8(ascii: ",")])
            + Array(#"],"metadata":{"resourceVersion":"7"}}"#.utf8)
        guard let page = try? JSONBytes.decode(ListPage<Item>.self, from: text) else {
            Fuzz.require(!isWhole, "an object that cannot be read does not fail the list")
            return
        }
        guard isWhole else { return }
        let names = page.items.map(\.metadata.name)
        Fuzz.require(page.items.count + page.unreadable.count == 4, "each object is delivered once")
        Fuzz.require(Self.names.allSatisfy(names.contains), "a list delivers all good objects")
    }

    private func watch<Item: KubeObject>(_ type: Item.Type) {
        var machine = WatchStateMachine<Item>(.secrets)
        _ = machine.step(.start, random: 0)
        _ = machine.step(.page(ListPage(resourceVersion: "1", items: [])), random: 0)
        // A line is always complete: Go writes no line ends into JSON.
        var objects = Self.names.map(Self.good)
        objects.insert(json.filter { $0 != UInt8(ascii: "\n") }, at: place)
        let lines = objects.map { Array(#"{"type":"MODIFIED","object":"#.utf8) + $0 + Array("}\n".utf8) }
        var splitter = LineSplitter()
        var names: [String] = []
        for line in splitter.feed(Array(lines.joined())) {
            var input = WatchStateMachine<Item>.Input.unreadable(after: .seconds(1))
            if case .whole(let line) = line, let event = try? JSONBytes.decode(WatchEvent<Item>.self, from: line) {
                input = .event(event, after: .seconds(1))
            }
            for case .emit(.upsert(let item)) in machine.step(input, random: 0) { names.append(item.metadata.name) }
        }
        Fuzz.require(Self.names.allSatisfy(names.contains), "a watch delivers all good objects")
    }
}
