import JSON
import Kube
import Testing

struct WatchEventTests {
    private func decode(_ json: String) throws -> WatchEvent<MetadataOnly> {
        try JSONBytes.decode(WatchEvent<MetadataOnly>.self, from: Array(json.utf8))
    }

    @Test(arguments: ["ADDED", "MODIFIED"])
    func `new and changed objects are the same event`(type: String) throws {
        guard case .upsert(let item) = try decode(#"{"type":"\#(type)","object":{"metadata":{"name":"a"}}}"#) else {
            Issue.record("no upsert")
            return
        }
        #expect(item.metadata.name == "a")
    }

    @Test func `an event about a version whose content is known is a bookmark, except a deletion`() throws {
        func event(_ type: String, version: String) throws -> WatchEvent<MetadataOnly> {
            let json =
                #"{"type":"\#(type)","object":{"metadata":{"name":"a","uid":"u","resourceVersion":"\#(version)"}}}"#
            return try WatchEvent(reading: JSONNode(json: Array(json.utf8)[...])) { $0 == "u" && $1 == "7" }
        }
        guard case .bookmark("7") = try event("MODIFIED", version: "7"),
            case .bookmark("7") = try event("ADDED", version: "7"),
            case .upsert = try event("MODIFIED", version: "8"), case .delete = try event("DELETED", version: "7")
        else {
            Issue.record("an event is read in the wrong way")
            return
        }
    }

    @Test func `a bookmark needs only a version`() throws {
        let json =
            #"{"type":"BOOKMARK","object":{"kind":"Secret","metadata":{"resourceVersion":"12","creationTimestamp":null}}}"#
        guard case .bookmark("12") = try decode(json) else {
            Issue.record("no bookmark")
            return
        }
    }

    @Test func `an error contains a status`() throws {
        guard case .error(let status) = try decode(#"{"type":"ERROR","object":{"code":410,"reason":"Gone"}}"#) else {
            Issue.record("no error")
            return
        }
        #expect(status == Status(code: 410, reason: "Gone"))
    }

    @Test func `an unknown event is ignored`() throws {
        guard case .unknown = try decode(#"{"type":"MOVED","object":{}}"#) else {
            Issue.record("not unknown")
            return
        }
    }
}
