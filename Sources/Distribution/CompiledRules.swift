/// The rules of an access policy, compiled once for all evaluations.
struct CompiledRules: Sendable {
    private let namespaces: PatternAutomaton
    private let files: PatternAutomaton
    /// For each rule, the indices of its patterns.
    private let rules: [(namespaces: [Int], files: [Int])]
    private let anyNamespace: PatternAutomaton.Selection
    private let anyFile: PatternAutomaton.Selection
    private let anyEnd: PatternAutomaton.States

    init(_ rules: [AccessPolicy.Rule]) {
        var (ofNamespaces, ofFiles) = (DistinctPatterns(), DistinctPatterns())
        self.rules = rules.map { rule in
            (rule.namespaces.map { ofNamespaces.place(of: $0) }, rule.files.map { ofFiles.place(of: $0) })
        }
        namespaces = PatternAutomaton(ofNamespaces.all)
        files = PatternAutomaton(ofFiles.all)
        anyNamespace = namespaces.selection(of: ofNamespaces.all.indices)
        anyFile = files.selection(of: ofFiles.all.indices)
        anyEnd = files.ends(of: ofFiles.all.indices)
    }

    /// Why `rules` cannot be used, as the rest of a sentence; nil if they can.
    static func problem(of rules: [AccessPolicy.Rule]) -> String? {
        PatternAutomaton.problem(
            of: DistinctPatterns(rules.flatMap(\.namespaces)).all, DistinctPatterns(rules.flatMap(\.files)).all)
    }

    /// The verdicts of the rules on files for one namespace.
    struct Verdicts: Sendable {
        private let files: PatternAutomaton
        private let selection: PatternAutomaton.Selection
        private let given: PatternAutomaton.States
        /// The ends of all file patterns. A file that no rule allows for the namespace may go there unless it matches
        /// one of these. Nil if such a file may not go there.
        private let named: PatternAutomaton.States?

        /// - Parameter namespace: the namespace that the files would go to.
        init(_ rules: CompiledRules, for namespace: String, _ default: AccessPolicy.Default) {
            files = rules.files
            let matched = rules.namespaces.run(namespace, rules.anyNamespace)
            let giving = rules.rules.filter { rule in
                rule.namespaces.contains { rules.namespaces.hasMatched($0, in: matched) }
            }
            let patterns = giving.flatMap(\.files)
            given = files.ends(of: patterns)
            named = `default` == .allow ? rules.anyEnd : nil
            // With default `Deny`, the rules for other namespaces have no effect.
            selection = `default` == .allow ? rules.anyFile : files.selection(of: patterns)
        }

        func run(over file: SourcePath) -> PatternAutomaton.Run { files.run(over: file.text, selection) }

        /// - Returns: whether the file is decided.
        func advance(_ run: inout PatternAutomaton.Run, by budget: inout Int) -> Bool {
            files.advance(&run, by: &budget)
        }

        /// - Parameter run: a finished run.
        func isDenied(_ run: PatternAutomaton.Run) -> Bool {
            !run.states.meets(given) && (named.map(run.states.meets) ?? true)
        }

        /// The maximum cost of evaluating `file`, in steps of 64 states on one character.
        func cost(of file: SourcePath) -> Int { costToRead(file) + file.text.utf8.count * selection.width }

        /// The part of `cost` that does not depend on the patterns: comparing the file with others and splitting its
        /// path into characters.
        func costToRead(_ file: SourcePath) -> Int {
            let isQuick = selection.width == 0 || PatternAutomaton.Alphabet.isASCII(file.text)
            return file.text.utf8.count * (isQuick ? 1 : Self.costOfUnicode)
        }

        /// The cost of a byte of a text that is not ASCII: finding the character's end, and comparing characters by
        /// canonical equivalence. Measured: 0.1 microseconds, which is 30 steps.
        private static let costOfUnicode = 32
    }
}

/// Patterns without duplicates. Rules often share patterns.
private struct DistinctPatterns {
    private(set) var all: [Pattern] = []
    private var places: [String: Int] = [:]

    init(_ patterns: [Pattern] = []) {
        for pattern in patterns { _ = place(of: pattern) }
    }

    mutating func place(of pattern: Pattern) -> Int {
        if let place = places[pattern.description], all[place] == pattern { return place }
        places[pattern.description] = all.count
        all.append(pattern)
        return all.count - 1
    }
}
