@testable import Distribution

/// The pattern as a set of possible next steps, for one pattern and one character at a time. The automaton must have
/// the same results.
struct ReferencePattern {
    private enum Step {
        case one((Character) -> Bool)
        case many, all
        /// This number of the following steps may be omitted.
        case optional(Int)
    }

    private let steps: [Step]

    init(_ pattern: Pattern) {
        steps = pattern.steps.flatMap { step -> [Step] in
            switch step {
            case .literal(let literal): [.one { $0 == literal }]
            case .one: [.one { $0 != "/" }]
            case .set(let set): [.one { $0 != "/" && Self.contains(set, $0) }]
            case .many: [.many]
            case .all: [.all]
            case .folders: [.optional(2), .all, .one { $0 == "/" }]
            }
        }
    }

    private static func contains(_ set: Pattern.CharacterSet, _ character: Character) -> Bool {
        let isInRange = set.ranges.joined().contains {
            character == Character(UnicodeScalar($0)) || character.asciiValue == $0
        }
        return (isInRange || set.members.contains(character)) != set.isNegated
    }

    func matches(_ text: String) -> Bool {
        var states: Set<Int> = []
        enter(0, &states)
        let parts = text.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false)
        for character in parts.map({ Array(String($0)) }).joined(separator: ["/"]) {
            var next: Set<Int> = []
            for state in states where state < steps.count {
                switch steps[state] {
                case .one(let isMember): if isMember(character) { enter(state + 1, &next) }
                case .many: if character != "/" { enter(state, &next) }
                case .all: enter(state, &next)
                case .optional: break
                }
            }
            states = next
        }
        return states.contains(steps.count)
    }

    private func enter(_ state: Int, _ states: inout Set<Int>) {
        guard states.insert(state).inserted, state < steps.count else { return }
        switch steps[state] {
        case .many, .all: enter(state + 1, &states)
        case .optional(let count):
            enter(state + 1 + count, &states)
            enter(state + 1, &states)
        case .one: break
        }
    }
}
