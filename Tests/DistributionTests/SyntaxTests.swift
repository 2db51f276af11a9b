import Testing

@testable import Distribution

@Suite struct SyntaxTests {
    private static func long(_ count: Int) -> String { String(repeating: "a", count: count) }

    @Test("A Secret's name is a DNS subdomain", arguments: ["a", "0", "a-b", "a.b.c", "a--b", "1.2", long(253)])
    func goodName(name: String) { #expect(Syntax.problem(ofName: name) == nil) }

    @Test(
        "Other names are rejected",
        arguments: [
            "", "-a", "a-", ".a", "a.", "a..b", "a.-b", "A", "a_b", "a/b", "a b", "é", "a\n", "..", long(254),
        ])
    func badName(name: String) { #expect(Syntax.problem(ofName: name)?.contains(shown(name)) == true) }

    @Test("A namespace is a DNS label", arguments: ["a", "kube-system", "0", long(63)])
    func goodNamespace(name: String) { #expect(Syntax.problem(ofNamespace: name) == nil) }

    @Test("Other namespaces are rejected", arguments: ["", "a.b", "-a", "a-", "A", "a/b", "a\0", long(64)])
    func badNamespace(name: String) { #expect(Syntax.problem(ofNamespace: name) != nil) }

    @Test("A data key consists of plain characters", arguments: ["a", "tls.crt", ".a", "_", "-", "A..B", long(253)])
    func goodKey(key: String) { #expect(Syntax.problem(ofDataKey: key) == nil) }

    @Test(
        "A data key that is not a valid file name is rejected",
        arguments: ["", ".", "..", "..a", "a/b", "a b", "é", "a\n", long(254)])
    func badKey(key: String) { #expect(Syntax.problem(ofDataKey: key) != nil) }

    @Test(
        "A metadata key is a qualified name",
        arguments: ["a", "A_b.c-d", "example.com/name", "e/N", long(63), long(253) + "/" + long(63)])
    func goodMetadataKey(key: String) { #expect(Syntax.problem(ofMetadataKey: key) == nil) }

    @Test(
        "Other metadata keys are rejected",
        arguments: [
            "", "/", "/a", "a/", "a/b/c", "-a", "a-", "_", "A/b", "a_b/c", "a b", "é", long(64), long(254) + "/a",
            "a/" + long(64),
        ])
    func badMetadataKey(key: String) { #expect(Syntax.problem(ofMetadataKey: key) != nil) }

    @Test("A label's value is a word or empty", arguments: ["", "a", "A.b_c-9", long(63)])
    func goodLabel(value: String) { #expect(Syntax.problem(ofLabelValue: value) == nil) }

    @Test("Other label values are rejected", arguments: ["-", "a-", ".a", "a b", "a/b", "é", "a\n", long(64)])
    func badLabel(value: String) { #expect(Syntax.problem(ofLabelValue: value)?.contains(shown(value)) == true) }

    @Test("An object's key is written and read as namespace/name, or as name for an object of the cluster")
    func objectKey() {
        let key = ObjectKey(namespace: "shop", name: "app")
        #expect(key.description == "shop/app")
        #expect(ObjectKey("shop/app") == key)
        let ofCluster = ObjectKey(namespace: "", name: "app")
        #expect(ofCluster.description == "app")
        #expect(ObjectKey("app") == ofCluster)
    }

    @Test("Other object keys are rejected", arguments: ["", "/", "a/", "/b", "a/b/c", "a//b", "a/\u{301}/b"])
    func noObjectKey(text: String) { #expect(ObjectKey(text) == nil) }
}
