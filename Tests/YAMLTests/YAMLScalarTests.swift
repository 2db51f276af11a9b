import TestTraits
import Testing

@testable import YAML

/// The expected values are those of kubectl 1.32: `kubectl annotate --local -o json` for a ConfigMap with the value.
@Suite(.tags(.unsafeMemory)) struct YAMLScalarTests {
    @Test(
        "A scalar has the same meaning as for kubectl",
        arguments: [
            ("y", "true"), ("n", "false"), ("yes", "true"), ("on", "true"), ("Off", "false"), ("TRUE", "true"),
            ("tRUE", "\"tRUE\""), ("~", "null"), ("null", "null"), ("NULL", "null"), ("nULL", "\"nULL\""),
            ("1", "1"), ("+1", "1"), ("-0", "0"), ("010", "8"), ("-010", "-8"), ("0_7", "7"), ("-_1", "-1"),
            ("_1", "\"_1\""), ("0o17", "15"), ("0o", "\"0o\""), ("0b11", "3"), ("0B1", "1"), ("0x1F", "31"),
            ("0X1f", "31"), ("0x", "\"0x\""), ("0x-1", "\"0x-1\""), ("1_000", "1000"), ("1e3", "1000"), ("08", "8"),
            ("1.", "1"), (".5", "0.5"), ("-.5", "-0.5"), (".", "\".\""), ("-1", "-1"), ("1e400", "\"1e400\""),
            ("1e", "\"1e\""), ("18446744073709551615", "18446744073709551615"), ("2020-01-01", "\"2020-01-01\""),
            ("1:30", "\"1:30\""), ("=", "\"=\""), ("nan", "\"nan\""), ("inf", "\"inf\""), ("0x1p3", "\"0x1p3\""),
            ("\"1\"", "\"1\""), ("'true'", "\"true\""), ("!!str 1", "\"1\""), ("! 1", "\"1\""), ("!own 1", "\"1\""),
            ("!!int \"3\"", "3"), ("!!float 1", "1"), ("!!bool yes", "true"), ("!!null ''", "null"),
            ("!!binary aGk=", "\"aGk=\""), ("\"\"", "\"\""), ("|-\n text", "\"text\""),
        ])
    func meaning(source: String, json: String) throws {
        let document = try #require(try YAMLParser.documents(in: Array("k: \(source)\n".utf8)).first)
        #expect(String(decoding: document.json(), as: UTF8.self) == "{\"k\":\(json)}")
    }

    @Test("A value without a JSON number is an error", arguments: [".nan", "-.inf", "!!int x", "!!bool 1", "!!null a"])
    func unusable(source: String) {
        #expect(throws: YAMLError(.unusableScalar, line: 2, column: 4)) {
            try YAMLParser.documents(in: Array("a: 1\nk: \(source)\n".utf8))
        }
    }

    @Test(
        "A key becomes the name that it has in JSON",
        arguments: [
            ("y", "true"), ("1", "1"), ("0x10", "16"), ("1.0", "1"), ("1.5", "1.5"), ("!!str yes", "yes"),
            ("'yes'", "yes"), ("tls.crt", "tls.crt"),
        ])
    func name(source: String, name: String) throws {
        let document = try #require(try YAMLParser.documents(in: Array("\(source): a\n".utf8)).first)
        #expect(document[name]?.string == "a")
    }
}
