import JSON
import Kube
import Testing

struct ListPageTests {
    private func page(_ json: String) throws -> ListPage<MetadataOnly> {
        try JSONBytes.decode(ListPage<MetadataOnly>.self, from: Array(json.utf8))
    }

    @Test func `a list without items is empty`() throws {
        for items in [#","items":null"#, "", #","items":[]"#] {
            let page = try page(#"{"metadata":{"resourceVersion":"1","continue":""}\#(items)}"#)
            #expect(page.items.isEmpty && page.unreadable.isEmpty)
            #expect(page.nextPage == nil)
        }
    }

    @Test(arguments: [#""items":[\#(items)],\#(metadata)"#, #"\#(metadata), "items" : [ \#(items) ]"#])
    func `items and metadata may be in any order`(members: String) throws {
        let page = try page("{\(members)}")
        #expect(page.items.map(\.metadata.name) == ["a", "b"])
        #expect(page.metadata.resourceVersion == "7" && page.nextPage == "t")
        #expect(page.metadata.remainingItemCount == 3)
    }

    private static let items = #"{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}"#
    private static let metadata = #""metadata":{"resourceVersion":"7","continue":"t","remainingItemCount":3}"#

    @Test(arguments: [
        "null", "1", "{}", "[[]]", #"{"metadata":{}}"#, #"{"metadata":null}"#, #"{"metadata":{"name":"\ud800"}}"#,
        #"{"metadata":{"name":1}}"#, #"{"a":}"#, #"{"a" 1}"#, #"["]}",]"#, "[tru]", #"{"\"":[}]"#,

        "{\"a\":\(String(repeating: "[", count: 1000))1}\(String(repeating: "]", count: 1000))",
    ])
    func `an unreadable item affects no other`(poison: String) throws {
        for items in ["\(poison),GOOD,GOOD", "GOOD,\(poison),GOOD", "GOOD,GOOD,\(poison)"] {
            let text = items.replacing("GOOD", with: #"{"metadata":{"name":"good"}}"#)
            let page = try page(#"{\#(Self.metadata),"items":[\#(text)]}"#)
            #expect(page.items.map(\.metadata.name) == ["good", "good"])
            #expect(page.unreadable.count == 1)
            #expect(page.unreadable.first?.metadata == nil)
            #expect(page.unreadable.first?.reason.isEmpty == false)
        }
    }

    @Test func `an unreadable item is reported with its name`() throws {
        let poison = #"{"metadata":{"labels":{"a":1},"name":"bad","namespace":"web","uid":"u","resourceVersion":"5"}}"#
        let page = try page(#"{"items":[\#(poison)],\#(Self.metadata)}"#)
        let item = try #require(page.unreadable.first)
        #expect(item.metadata?.name == "bad" && item.metadata?.namespace == "web")
        #expect(item.metadata?.uid == "u" && item.metadata?.resourceVersion == "5")
        #expect(item.description == "web/bad cannot be read: .metadata.labels.a is not a string")
    }

    @Test(arguments: [
        String(repeating: #"{"f:a":"#, count: 600) + "{}" + String(repeating: "}", count: 600),
        String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000),
        #"{"f:\ud800":{}}"#, #"{"f:a":"\udfff\x"}"#, "{\"f:\u{1}\":{}}", #"{"a":01e}"#,
    ])
    func `unused fields may be invalid`(fields: String) throws {
        let item = #"{"metadata":{"managedFields":[{"fieldsV1":\#(fields)}],"name":"a"}}"#
        let page = try page(#"{"items":[\#(item),\#(item)],\#(Self.metadata)}"#)
        #expect(page.items.map(\.metadata.name) == ["a", "a"] && page.unreadable.isEmpty)
        let line = Array(#"{"type":"ADDED","object":\#(item)}"#.utf8)
        guard case .upsert = try JSONBytes.decode(WatchEvent<MetadataOnly>.self, from: line) else {
            Issue.record("no upsert")
            return
        }
    }

    @Test(arguments: [
        #"{"items":[{"metadata":{"name":"a"}}]}"#, #"{"items":"a","metadata":{"resourceVersion":"1"}}"#,
        #"{"items":[{"metadata":{"name":"a"}}"#, "[]", #"{"items":[{"a":"b],"metadata":{"resourceVersion":"1"}}"#,
        #"{"items":[{"metadata":{"name":"a"}}}],"metadata":{"resourceVersion":"1"}}"#, "",
    ])
    func `an invalid page fails as a whole`(json: String) {
        #expect(throws: JSONBytes.Failure.self) { try page(json) }
    }
}
