import Observability
import Testing

@testable import Planning

@Suite struct GenerationHistoryTests {
    private let noon = Timestamp(rfc3339: "2026-11-21T12:00:00Z") ?? Timestamp(seconds: 0)

    private func history(_ generations: String...) -> GenerationHistory {
        var history = GenerationHistory()
        for generation in generations { history.append(generation) }
        return history
    }

    @Test(
        "Content of a generation that was created later, in another mount, is newer",
        arguments: [
            ("..2026_11_21_11_00_00.111", "..2026_11_21_11_00_01.222", true),
            ("..2026_11_21_11_00_01.111", "..2026_11_21_11_00_00.222", false),
            // In the same second, or identical: the order is unknown.
            ("..2026_11_21_11_00_00.111", "..2026_11_21_11_00_00.222", false),
            ("..2026_11_21_11_00_00.111", "..2026_11_21_11_00_00.111", false),
            // Plain folders, and one of each kind.
            ("2026-11-21T11:00:00.000000001Z", "2026-11-21T11:00:00.000000002Z", true),
            ("2026-11-21T11:00:00.000000002Z", "2026-11-21T11:00:00.000000001Z", false),
            ("..2026_11_21_11_00_00.111", "2026-11-21T11:00:00.5Z", true),
        ])
    func order(mine: String, theirs: String, isNewer: Bool) {
        #expect(history(mine).isNewerThanOurs(theirs, now: noon) == isNewer)
    }

    @Test(
        "A name without a time is never newer",
        arguments: [nil, "", "..data", "v2", "..2026_11_21", "..2026_13_21_11_00_00.1", "..2027__11_21_11_00_00.1"])
    func unknown(theirs: String?) {
        #expect(!history("..2026_11_21_11_00_00.111").isNewerThanOurs(theirs, now: noon))
        #expect(!history("v1").isNewerThanOurs("..2026_11_21_11_00_00.111", now: noon))
        #expect(!GenerationHistory().isNewerThanOurs("..2026_11_21_11_00_00.111", now: noon))
    }

    @Test("Earlier generations of this mount are older, even if a clock that was set back suggests otherwise")
    func ownPast() {
        let generations = history("..2026_11_21_11_00_00.111", "..2026_11_21_10_00_00.222")
        #expect(!generations.isNewerThanOurs("..2026_11_21_11_00_00.111", now: noon))
        #expect(generations.isNewerThanOurs("..2026_11_21_11_00_00.333", now: noon))
    }

    @Test("A generation that returns is the current one")
    func again() {
        let generations = history("..2026_11_21_11_00_00.111", "..2026_11_21_09_00_00.222", "..2026_11_21_11_00_00.111")
        #expect(!generations.isNewerThanOurs("..2026_11_21_10_00_00.333", now: noon))
    }

    @Test("A time that is far ahead of our clock is ignored")
    func future() {
        #expect(history("..2026_11_21_11_00_00.1").isNewerThanOurs("..2026_11_21_12_05_00.2", now: noon))
        #expect(!history("..2026_11_21_11_00_00.1").isNewerThanOurs("..2026_11_21_12_05_01.2", now: noon))
    }

    @Test(
        "Each volume has its own history",
        arguments: [
            ("..2026_11_21_09_00_00.1", false), ("azure/..2026_11_21_09_00_00.1", true),
            ("..2026_11_21_11_00_00.1", true), ("azure/..2026_11_21_08_00_00.1", false),
            ("..2026_11_21_09_00_00.1, azure/..2026_11_21_09_00_00.1", true),
            ("..2026_11_21_11_00_00.1, azure/..2026_11_21_07_00_00.1", true),
            ("..2026_11_21_09_00_00.1, azure/..2026_11_21_07_00_00.1", false),
            // A volume that this mount does not have.
            ("aws/..2026_11_21_11_00_00.1", false),
        ])
    func volumes(theirs: String, isNewer: Bool) {
        let generations = history("..2026_11_21_10_00_00.1, azure/..2026_11_21_08_30_00.1")
        #expect(generations.isNewerThanOurs(theirs, now: noon) == isNewer)
    }

    @Test("The history is bounded")
    func bounded() {
        var generations = GenerationHistory()
        for minute in 0..<60 {
            for second in 0..<10 { generations.append("..2026_11_21_\(minute % 24)_00_0\(second).\(minute)") }
        }
        generations.append("..2026_11_21_08_00_00.end")
        #expect(generations.isNewerThanOurs("..2026_11_21_09_00_00.0", now: noon))
    }
}
