/// A list of compiled patterns. One pass over a text finds the patterns that match it.
///
/// This is a nondeterministic automaton whose states are bits: one for each step of each pattern, and one for its end
/// (Shift-And for extended patterns; Navarro and Raffinot, "Flexible Pattern Matching in Strings", chapter 4). There
/// are never more states, whatever the patterns contain, so memory and time are bounded: each character of a text takes
/// a few instructions for every 64 states.
package struct PatternAutomaton: Sendable {
    /// Sets of states, 64 in a word.
    typealias States = [UInt64]

    /// The patterns to match a text against.
    struct Selection: Sendable {
        /// Their first states, and those reachable from them without a character.
        fileprivate let start: States
        /// The words that hold their states, in order.
        fileprivate let words: [Int]

        /// The cost of one character of a text, in words.
        var width: Int { words.count }
    }

    /// For each pattern, its first state and its end state.
    private var first: [Int] = []
    private var last: [Int] = []
    private let wordCount: Int

    private let alphabet: Alphabet
    /// By row of the alphabet, then by word: the states that a character of that row advances by one.
    private var moves: States
    /// The kinds of the states, by word.
    private var kinds: [Kinds]

    /// The kinds of the states of a word, one bit for each state.
    private struct Kinds: Sendable {
        /// The states that stay active after a character other than a slash, and those that stay active after a slash.
        var stays: UInt64 = 0
        var staysOnSlash: UInt64 = 0
        /// The steps that can match nothing: `*`, `**` and `**/`.
        var passes: UInt64 = 0
        /// The steps of `passes` that can end after any character: `*` and `**`.
        var repeats: UInt64 = 0
    }

    init(_ patterns: [Pattern]) {
        let alphabet = Alphabet(of: patterns)
        let size = Self.size(of: patterns, alphabet)
        self.alphabet = alphabet
        wordCount = size.words
        let none = States(repeating: 0, count: size.words)
        kinds = Array(repeating: Kinds(), count: size.words)
        moves = States(repeating: 0, count: size.words * alphabet.count)
        // The states that any character except a slash advances, unless its own row says otherwise.
        var common = none
        var state = 0
        for pattern in patterns {
            for step in pattern.steps {
                if step.isCommon { common.insert(state) }
                state += 1
            }
            state += 1
        }
        for row in 0..<alphabet.count where row != alphabet.slash {
            moves.replaceSubrange(row * size.words..<(row + 1) * size.words, with: common)
        }
        state = 0
        for pattern in patterns {
            first.append(state)
            for step in pattern.steps {
                add(step, state)
                state += 1
            }
            last.append(state)
            state += 1
        }
    }

    private mutating func add(_ step: Pattern.Step, _ state: Int) {
        let (word, bit) = (state / 64, 1 << UInt64(state % 64) as UInt64)
        switch step {
        case .literal(let character): move(state, on: alphabet.row(of: character), true)
        case .one: break
        case .set(let set):
            for character in set.characters where character != "/" {
                move(state, on: alphabet.row(of: character), !set.isNegated)
            }
        case .many:
            kinds[word].stays |= bit
            kinds[word].passes |= bit
            kinds[word].repeats |= bit
        case .all:
            kinds[word].stays |= bit
            kinds[word].staysOnSlash |= bit
            kinds[word].passes |= bit
            kinds[word].repeats |= bit
        case .folders:
            kinds[word].stays |= bit
            kinds[word].staysOnSlash |= bit
            kinds[word].passes |= bit
            move(state, on: alphabet.slash, true)
        }
    }

    private mutating func move(_ state: Int, on row: Int, _ isMoved: Bool) {
        let bit: UInt64 = 1 << UInt64(state % 64)
        let word = row * wordCount + state / 64
        if isMoved { moves[word] |= bit } else { moves[word] &= ~bit }
    }

    // MARK: Matching

    /// - Parameter patterns: indices into the patterns passed to `init`.
    func selection(of patterns: some Sequence<Int>) -> Selection {
        var start = States(repeating: 0, count: wordCount)
        var isUsed = [Bool](repeating: false, count: wordCount)
        for pattern in patterns {
            start.insert(first[pattern])
            for word in first[pattern] / 64...last[pattern] / 64 { isUsed[word] = true }
        }
        let words = isUsed.indices.filter { isUsed[$0] }
        var carry: UInt64 = 0
        for word in words { start[word] = Self.closure(start[word], in: kinds[word].passes, &carry) }
        return Selection(start: start, words: words)
    }

    /// The end states of patterns, to be compared with the result of `run`.
    func ends(of patterns: some Sequence<Int>) -> States {
        var ends = States(repeating: 0, count: wordCount)
        for pattern in patterns { ends.insert(last[pattern]) }
        return ends
    }

    /// - Parameters:
    ///   - pattern: an index into the patterns passed to `init`.
    ///   - states: the result of `run`.
    func hasMatched(_ pattern: Int, in states: States) -> Bool {
        states[last[pattern] / 64] & 1 << UInt64(last[pattern] % 64) != 0
    }

    /// The active states after the whole `text`. They include the end states of the patterns that match it.
    func run(_ text: String, _ selection: Selection) -> States {
        var run = run(over: text, selection)
        var budget = Int.max
        _ = advance(&run, by: &budget)
        return run.states
    }

    /// The state of matching one text, which can be advanced in parts.
    struct Run: Sendable {
        /// The active states after the part of the text that has been read.
        fileprivate(set) var states: States
        fileprivate let selection: Selection
        fileprivate var rows: Rows
    }

    func run(over text: String, _ selection: Selection) -> Run {
        Run(states: selection.start, selection: selection, rows: Rows(of: text, in: alphabet))
    }

    /// - Parameter budget: how much to do, in words. It is reduced by the work done, below zero by at most the cost of
    ///   one character.
    /// - Returns: whether the text is decided.
    func advance(_ run: inout Run, by budget: inout Int) -> Bool {
        // Without patterns, the result does not depend on the text.
        guard run.selection.width > 0 else { return true }
        var rows = run.rows
        defer { run.rows = rows }
        let words = run.selection.words
        // Without bounds checks: an evaluation spends all its time here.
        return moves.withUnsafeBufferPointer { moves in
            kinds.withUnsafeBufferPointer { kinds in
                run.states.withUnsafeMutableBufferPointer { states in
                    while budget > 0 {
                        guard let row = rows.next() else { return true }
                        budget -= words.count
                        let moves = UnsafeBufferPointer(rebasing: moves[row * wordCount..<(row + 1) * wordCount])
                        guard Self.step(states, moves, kinds, words, isSlash: row == alphabet.slash) else {
                            return true
                        }
                    }
                    return false
                }
            }
        }
    }

    /// Reads one character.
    ///
    /// - Parameter moves: the row of the character.
    /// - Returns: false if no state is active any more.
    @inline(__always)
    private static func step(
        _ states: UnsafeMutableBufferPointer<UInt64>, _ moves: UnsafeBufferPointer<UInt64>,
        _ kinds: UnsafeBufferPointer<Kinds>, _ words: [Int], isSlash: Bool
    ) -> Bool {
        var alive: UInt64 = 0
        var shifted: UInt64 = 0
        var carry: UInt64 = 0
        for word in words {
            let state = states[word]
            // Most patterns fail early.
            if state | shifted | carry == 0 { continue }
            let kind = kinds[word]
            let moved = state & moves[word]
            let entered = moved << 1 | shifted
            shifted = moved >> 63
            let stayed = state & (isSlash ? kind.staysOnSlash : kind.stays)
            let reached = closure(entered | stayed & kind.repeats, in: kind.passes, &carry) | stayed
            states[word] = reached
            alive |= reached
        }
        return alive != 0
    }

    /// The `states` of a word and all states reachable from them without a character. In a sequence of steps that can
    /// match nothing, these are the states after the first active one, up to the first state after the sequence. The
    /// carry of an addition sets exactly these bits.
    @inline(__always)
    private static func closure(_ states: UInt64, in passes: UInt64, _ carry: inout UInt64) -> UInt64 {
        let (sum, isOver) = passes.addingReportingOverflow(states & passes)
        let (total, isOverToo) = sum.addingReportingOverflow(carry)
        carry = isOver || isOverToo ? 1 : 0
        return states | (total ^ passes)
    }
}

extension PatternAutomaton {
    /// The maximum size of all automata of a policy together, in words of 8 bytes. It is enough for a policy of 1 MiB
    /// whose patterns are for ASCII names.
    package static let longest = 3 << 20

    /// Why lists of patterns cannot each be compiled to an automaton, as the rest of a sentence; nil if they can.
    package static func problem(of lists: [Pattern]...) -> String? {
        let words = lists.reduce(0) { sum, patterns in
            let alphabet = Alphabet(of: patterns)
            return sum + size(of: patterns, alphabet).words * alphabet.count
        }
        guard words > longest else { return nil }
        return
            "take \(words * 8) bytes when compiled, expected at most \(longest * 8): use fewer patterns, or fewer"
            + " different characters in them"
    }

    private static func size(of patterns: [Pattern], _ alphabet: Alphabet) -> (states: Int, words: Int) {
        let states = patterns.reduce(0) { $0 + $1.steps.count + 1 }
        return (states, (states + 63) / 64)
    }
}

extension PatternAutomaton.States {
    fileprivate mutating func insert(_ state: Int) { self[state / 64] |= 1 << UInt64(state % 64) }

    /// Whether both sets have a state in common.
    func meets(_ others: Self) -> Bool { zip(self, others).contains { $0 & $1 != 0 } }
}
