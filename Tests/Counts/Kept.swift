import CLinux
import Distribution
import Glibc
import JSON
import LinuxIO
import Planning
import Stores

/// The memory that remains in use for one input, made to use as much as possible: `counts kept INPUT` prints the size
/// of the input, and of what is kept of it, in bytes.
enum Kept: String, CaseIterable {
    case badLabels = "bad-labels"
    case labels
    case annotations
    case unknownFields = "unknown-fields"
    case noMappings = "no-mappings"
    case deepFolders = "deep-folders"
    case smallMappings = "small-mappings"
    case variables, templates, pointers, patterns, replacements
    case conditions
    case statusText = "status-text"
    case secretKeys = "secret-keys"
    case secretLabels = "secret-labels"
    case secretOwners = "secret-owners"
    case secretFields = "secret-fields"
    case secretType = "secret-type"

    /// Several copies, minus the first, so that memory that is allocated only once does not count.
    private static let copies = 4

    func measure() throws -> (input: Int, kept: Int) {
        ProcessMemory.limitGrowth()
        let texts = (0...Self.copies).map { Array(document(number: $0).utf8) }
        var hold = Hold()
        try add(texts[0], to: &hold)
        ProcessMemory.giveBack()
        let before = Self.heap
        for text in texts.dropFirst() { try add(text, to: &hold) }
        let kept = (Self.heap - before) / Self.copies
        withExtendedLifetime(hold) {}
        return (texts[0].count, kept)
    }

    /// Bytes in use.
    private static var heap: Int {
        let info = mallinfo2()
        return Int(info.uordblks + info.hblkhd)
    }

    /// Kept in the same way as by the controller.
    private struct Hold {
        var index = DistributionIndex()
        var targets: [ObjectKey: ObservedTarget] = [:]
        var outcomes: [ObjectKey: DistributionStatus] = [:]
        var common = Interner()
    }

    private func add(_ text: [UInt8], to hold: inout Hold) throws {
        if isSecret {
            var target = try JSONBytes.decode(SecretObject.self, from: text).observed
            hold.common.share(&target, with: nil, nil)
            hold.targets[target.key] = target
        } else {
            var distribution = try JSONBytes.decode(DistributionObject<NamespacedDistributions>.self, from: text)
                .distribution
            hold.common.share(&distribution, with: nil, nil)
            _ = hold.index.upsert(distribution)
            hold.outcomes[distribution.key] = distribution.refusal.map { DistributionStatus($0) }
        }
    }

    private var isSecret: Bool { rawValue.hasPrefix("secret") }

    private func document(number: Int) -> String {
        let metadata = #""name":"d\#(number)","namespace":"n","uid":"u\#(number)","resourceVersion":"1""#
        if isSecret {
            let (more, rest) = secret
            return #"{"metadata":{\#(metadata)\#(more)}\#(rest)}"#
        }
        let (spec, rest) = distribution
        return #"{"metadata":{\#(metadata)},"spec":{"name":"s\#(number)",\#(spec)}\#(rest)}"#
    }

    /// Fields of `spec`, and of the whole object.
    private var distribution: (String, String) {
        let mapping = #""secrets":[{"from":"a","to":"b"}]"#
        let members = { (count: Int, value: String) in list(count) { #""\#(number($0))":\#(value)"# } }
        return switch self {
        case .badLabels: (#"\#(mapping),"metadata":{"labels":{\#(members(140_000, #""!""#))}}"#, "")
        case .labels: (#"\#(mapping),"metadata":{"labels":{\#(members(140_000, #""v""#))}}"#, "")
        case .annotations:
            (#"\#(mapping),"metadata":{"annotations":{\#(list(90) { #""a\#($0)":"\#(text(2800))""# })}}"#, "")
        case .unknownFields: ("\(mapping),\(members(140_000, "0"))", "")
        case .noMappings: (#""secrets":[\#(list(1000) { _ in "0" })]"#, "")
        case .deepFolders:
            (
                #""secrets":["# + list(340) { #"{"from":"\#($0)\#(text(3900))"# + folders + #"/f","to":"k\#($0)"}"# }
                    + "]", ""
            )
        case .smallMappings:
            (#""secrets":["# + list(1000) { #"{"from":"\#(number($0))"# + folders + #"/f","to":"k\#($0)"}"# } + "]", "")
        case .variables:
            (
                entries(400) {
                    #""template":"x","with":["# + list(100) { #"{"name":"v\#($0)","from":"f","pointer":""}"# } + "]"
                }, ""
            )
        case .templates:
            (entries(20) { #""template":"\#(repeated("${a}", 16_000))","with":[{"name":"a","from":"f"}]"# }, "")
        case .pointers: (entries(1000) { #""from":"f","pointer":"\#(repeated("/a", 500))""# }, "")
        case .patterns:
            (
                #""dataFrom":["# + list(100) { #"{"folder":"\#($0)","include":[\#(list(100) { #""?\#($0)*""# })]}"# }
                    + "]", ""
            )
        case .replacements:
            (
                #""dataFrom":["#
                    + list(100) {
                        #"{"folder":"\#($0)","rename":{"replace":[\#(list(100) { #"{"from":"\#($0)","to":""}"# })]}}"#
                    } + "]", ""
            )
        case .conditions:
            (
                mapping,
                #","status":{"conditions":["#
                    + list(14_000) {
                        #"{"type":"\#($0)","status":"","reason":"","message":"","lastTransitionTime":"","observedGeneration":1}"#
                    } + "]}"
            )
        default: (mapping, #","status":{"statusText":"\#(text(1_400_000))"}"#)
        }
    }

    /// Fields of `metadata`, and of the whole object.
    private var secret: (String, String) {
        let members = { (count: Int) in list(count) { #""\#(number($0))":"""# } }
        let marks = #""annotations":{"xlscsde.nhs.uk/managedBy":"me"}"#
        return switch self {
        case .secretKeys: (",\(marks)", #","data":{\#(members(100_000))}"#)
        case .secretLabels: (#",\#(marks),"labels":{\#(members(100_000))}"#, "")
        case .secretOwners:
            (
                #",\#(marks),"ownerReferences":["#
                    + list(20_000) { #"{"apiVersion":"v","kind":"k","name":"n","uid":"\#($0)"}"# } + "]", ""
            )
        case .secretFields:
            (
                #",\#(marks),"managedFields":[{"manager":"\#(text(1000))","fieldsV1":{"f:data":{"#
                    + list(100_000) { #""f:\#(number($0))":{}"# } + "}}}]", #","data":{\#(members(1000))}"#
            )
        default: (",\(marks)", #","type":"\#(text(750_000))""#)
        }
    }

    /// `spec.secrets`
    private func entries(_ count: Int, _ source: () -> String) -> String {
        #""secrets":["# + list(count) { #"{"to":"k\#($0)",\#(source())}"# } + "]"
    }

    private func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
    private var folders: String { String(repeating: "/x", count: 23) }
    private func number(_ value: Int) -> String { String(value, radix: 36) }
    private func text(_ count: Int) -> String { String(repeating: "x", count: count) }
    private func list(_ count: Int, _ item: (Int) -> String) -> String {
        (0..<count).map(item).joined(separator: ",")
    }
}
