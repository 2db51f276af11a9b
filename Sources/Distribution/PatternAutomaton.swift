/// Some patterns, compiled: tells in one pass over a text which of them match it.
///
/// A nondeterministic automaton whose states are bits: one for each step of each pattern, and one for its end (Shift-And
/// for extended patterns; Navarro and Raffinot, "Flexible Pattern Matching in Strings", chapter 4). It has no more states
/// than that whatever the patterns say, so that neither memory nor time can grow beyond: for each character of a text, a few
/// instructions for each 64 states.
package struct PatternAutomaton: Sendable {
    /// Sets of states, 64 in a word.
    typealias States = [UInt64]

    /// The patterns that a text is run against.
    struct Selection: Sendable {
        /// Where they begin, with what can be reached without a character.
        fileprivate let start: States
        /// The words that hold states of theirs, in order.
        fileprivate let words: [Int]

        /// What a character of a text costs, in words.
        var width: Int { words.count }
    }

    /// By pattern: its first state, and that of its end.
    private var first: [Int] = []
    private var last: [Int] = []
    private let wordCount: Int

    private let alphabet: Alphabet
    /// By row of the alphabet, then by word: what a character of that row moves on by one.
    private var moves: States
    /// By word.
    private var kinds: [Kinds]

    /// What the states of a word are, a bit for each.
    private struct Kinds: Sendable {
        /// What a character that is no slash leaves as it is; what a slash does.
        var stays: UInt64 = 0
        var staysOnSlash: UInt64 = 0
        /// What needs no character to be passed: `*`, `**` and `**/`.
        var passes: UInt64 = 0
        /// Those of them that can be passed after each character too: `*` and `**`.
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
        // What any character but a slash moves on, unless its own row says otherwise.
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

    /// - Parameter patterns: their places among those of `init`.
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

    /// The ends of patterns, to be looked for in what `run` returns.
    func ends(of patterns: some Sequence<Int>) -> States {
        var ends = States(repeating: 0, count: wordCount)
        for pattern in patterns { ends.insert(last[pattern]) }
        return ends
    }

    /// - Parameters:
    ///   - pattern: its place among those of `init`.
    ///   - states: what `run` has returned.
    func hasMatched(_ pattern: Int, in states: States) -> Bool {
        states[last[pattern] / 64] & 1 << UInt64(last[pattern] % 64) != 0
    }

    /// The states after all of `text`: those of the ends of the patterns that match it among them.
    func run(_ text: String, _ selection: Selection) -> States {
        var run = run(over: text, selection)
        var budget = Int.max
        _ = advance(&run, by: &budget)
        return run.states
    }

    /// The way of one text through the automaton, a part at a time.
    struct Run: Sendable {
        /// Those after what has been read of the text.
        fileprivate(set) var states: States
        fileprivate let selection: Selection
        fileprivate var rows: Rows
    }

    func run(over text: String, _ selection: Selection) -> Run {
        Run(states: selection.start, selection: selection, rows: Rows(of: text, in: alphabet))
    }

    /// - Parameter budget: how much to do, in words; what is left of it. More than one character less than nothing.
    /// - Returns: whether the text is decided.
    func advance(_ run: inout Run, by budget: inout Int) -> Bool {
        // Nothing is asked: what it says is known without a look.
        guard run.selection.width > 0 else { return true }
        var rows = run.rows
        defer { run.rows = rows }
        let words = run.selection.words
        // Bounds are not looked at: this is all that a judgement takes its time for.
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
    /// - Parameter moves: of its row.
    /// - Returns: false if no state is left.
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

    /// `states` of a word and all that they reach without a character: in a row of steps that can be passed, what is above
    /// the first one that was reached, up to the first behind the row. An addition carries just so far.
    @inline(__always)
    private static func closure(_ states: UInt64, in passes: UInt64, _ carry: inout UInt64) -> UInt64 {
        let (sum, isOver) = passes.addingReportingOverflow(states & passes)
        let (total, isOverToo) = sum.addingReportingOverflow(carry)
        carry = isOver || isOverToo ? 1 : 0
        return states | (total ^ passes)
    }
}

extension PatternAutomaton {
    /// Words of 8 bytes that automata take at most together; patterns for ASCII names that fill a policy of a mebibyte take
    /// no more.
    package static let longest = 3 << 20

    /// Why lists of patterns cannot be compiled, each to an automaton, as the rest of a sentence; nil if they can.
    package static func problem(of lists: [Pattern]...) -> String? {
        let words = lists.reduce(0) { sum, patterns in
            let alphabet = Alphabet(of: patterns)
            return sum + size(of: patterns, alphabet).words * alphabet.count
        }
        guard words > longest else { return nil }
        return
            "take \(words * 8) bytes when they are compiled, expected at most \(longest * 8): use fewer patterns, or fewer"
            + " different characters in them"
    }

    private static func size(of patterns: [Pattern], _ alphabet: Alphabet) -> (states: Int, words: Int) {
        let states = patterns.reduce(0) { $0 + $1.steps.count + 1 }
        return (states, (states + 63) / 64)
    }
}

extension PatternAutomaton.States {
    fileprivate mutating func insert(_ state: Int) { self[state / 64] |= 1 << UInt64(state % 64) }

    /// Whether they have any state in common.
    func meets(_ others: Self) -> Bool { zip(self, others).contains { $0 & $1 != 0 } }
}
