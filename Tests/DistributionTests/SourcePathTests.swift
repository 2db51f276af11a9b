import Testing

@testable import Distribution

@Suite struct SourcePathTests {
    @Test(
        "Parts of a path without a meaning are removed",
        arguments: [
            ("tls.crt", "tls.crt"), ("certs/tls.crt", "certs/tls.crt"), ("./a//b", "a/b"), ("a/./b", "a/b"),
            ("././a", "a"), ("..data/x", "x"), ("./..data//x/y", "x/y"),
            // The link of a volume in a folder: the policy must not see a second name for the file.
            ("azure/..data/pw", "azure/pw"), ("a/b/..data/./c/d", "a/b/c/d"), ("..data/a/..data/b", "a/b"),
            (".hidden", ".hidden"),
            ("a..b", "a..b"), ("a b", "a b"), ("-", "-"), ("é", "é"), ("a\nb", "a\nb"),
        ])
    func taken(raw: String, text: String) throws {
        #expect(try SourcePath(raw).text == text)
    }

    @Test(
        "A path that could lead out of the mount, or names no file, is rejected",
        arguments: [
            ("", "is empty, expected the path of a file in the mount"),
            ("a\0b", "has a NUL character, expected the path of a file in the mount"),
            ("../\0", "has a NUL character, expected the path of a file in the mount"),
            ("/", "is \"/\", an absolute path; expected one relative to the mount"),
            ("/etc/shadow", "is \"/etc/shadow\", an absolute path; expected one relative to the mount"),
            ("//a", "is \"//a\", an absolute path; expected one relative to the mount"),
            ("/\u{301}a", "is \"/\u{301}a\", an absolute path; expected one relative to the mount"),
            ("..", "is \"..\", which leads out of a folder; expected a path without \"..\""),
            ("../a", "is \"../a\", which leads out of a folder; expected a path without \"..\""),
            ("a/..", "is \"a/..\", which leads out of a folder; expected a path without \"..\""),
            ("a/../b", "is \"a/../b\", which leads out of a folder; expected a path without \"..\""),
            ("./../a", "is \"./../a\", which leads out of a folder; expected a path without \"..\""),
            ("..data/../a", "is \"..data/../a\", which leads out of a folder; expected a path without \"..\""),
            ("a/../\u{301}b", "is \"a/../\u{301}b\", which leads out of a folder; expected a path without \"..\""),
            ("a/\u{301}/..", "is \"a/\u{301}/..\", which leads out of a folder; expected a path without \"..\""),
            ("a/", "is \"a/\", a folder; expected the path of a file in the mount"),
            ("a/b//", "is \"a/b//\", a folder; expected the path of a file in the mount"),
            ("a/.", "is \"a/.\", a folder; expected the path of a file in the mount"),
            (".", "is \".\", a folder; expected the path of a file in the mount"),
            ("./", "is \"./\", a folder; expected the path of a file in the mount"),
            ("..data/", "is \"..data/\", a folder; expected the path of a file in the mount"),
            (
                "..data",
                "is \"..data\", a name that the volume reserves; expected the path of a file in the mount"
            ),
            (
                "..data/..data/a",
                "is \"..data/..data/a\", a name that the volume reserves; expected the path of a file in the mount"
            ),
            (
                "..2024_05_01/a",
                "is \"..2024_05_01/a\", a name that the volume reserves; expected the path of a file in the mount"
            ),
            (
                "azure/..data",
                "is \"azure/..data\", a name that the volume reserves; expected the path of a file in the mount"
            ),
            (
                "azure/..data/..data/a",
                "is \"azure/..data/..data/a\", a name that the volume reserves; expected the path of a file in the mount"
            ),
            (
                "azure/..2026_05_01.1/pw",
                "is \"azure/..2026_05_01.1/pw\", a name that the volume reserves; expected the path of a file in the mount"
            ),
            (
                "a/..\u{301}b",
                "is \"a/..\u{301}b\", a name that the volume reserves; expected the path of a file in the mount"
            ),
            ("...", "is \"...\", a name that the volume reserves; expected the path of a file in the mount"),
            ("/\n\u{1b}", "is \"/\\n\\u{1B}\", an absolute path; expected one relative to the mount"),
        ])
    func refused(raw: String, message: String) throws {
        let error = #expect(throws: SourcePathError.self) { try SourcePath(raw) }
        #expect(error?.message == message)
    }

    @Test("The depth of a path is limited to that of the mount, and its length to that of the kernel")
    func limits() throws {
        let deep = String(repeating: "a/", count: 24) + "a"
        #expect(try SourcePath("./" + deep).folders.count == 24)
        let tooDeep = #expect(throws: SourcePathError.self) { try SourcePath("a/" + deep) }
        #expect(tooDeep?.message == "is \(shown("a/" + deep)), 25 folders deep; expected at most 24")
        let long = String(repeating: "a", count: 4096)
        #expect(try SourcePath(long).text == long)
        let tooLong = #expect(throws: SourcePathError.self) { try SourcePath(long + "a") }
        #expect(tooLong?.message == "is 4097 bytes long, expected at most 4096")
    }
}
