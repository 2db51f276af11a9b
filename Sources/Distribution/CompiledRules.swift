/// The rules of an access policy, compiled once for all that is asked of them.
struct CompiledRules: Sendable {
    private let namespaces: PatternAutomaton
    private let files: PatternAutomaton
    /// By rule: the places of its patterns.
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

    /// What the rules say of the files for one namespace.
    struct Verdicts: Sendable {
        private let files: PatternAutomaton
        private let selection: PatternAutomaton.Selection
        private let given: PatternAutomaton.States
        /// What no rule gives to the namespace may go there, unless a rule names it. Nil: it may not.
        private let named: PatternAutomaton.States?

        /// - Parameter namespace: whose files are judged.
        init(_ rules: CompiledRules, for namespace: String, _ default: AccessPolicy.Default) {
            files = rules.files
            let matched = rules.namespaces.run(namespace, rules.anyNamespace)
            let giving = rules.rules.filter { rule in
                rule.namespaces.contains { rules.namespaces.hasMatched($0, in: matched) }
            }
            let patterns = giving.flatMap(\.files)
            given = files.ends(of: patterns)
            named = `default` == .allow ? rules.anyEnd : nil
            // Where nothing else is allowed, no other rule is asked.
            selection = `default` == .allow ? rules.anyFile : files.selection(of: patterns)
        }

        func run(over file: SourcePath) -> PatternAutomaton.Run { files.run(over: file.text, selection) }

        /// - Returns: whether the file is decided.
        func advance(_ run: inout PatternAutomaton.Run, by budget: inout Int) -> Bool {
            files.advance(&run, by: &budget)
        }

        /// - Parameter run: one that is over.
        func isDenied(_ run: PatternAutomaton.Run) -> Bool {
            !run.states.meets(given) && (named.map(run.states.meets) ?? true)
        }

        /// What it takes at most to judge `file`, in steps of 64 states on one character.
        func cost(of file: SourcePath) -> Int { costToRead(file) + file.text.utf8.count * selection.width }

        /// The part of it that the patterns do not change: to tell the file from others, and its characters from each other.
        func costToRead(_ file: SourcePath) -> Int {
            let isQuick = selection.width == 0 || PatternAutomaton.Alphabet.isASCII(file.text)
            return file.text.utf8.count * (isQuick ? 1 : Self.costOfUnicode)
        }

        /// Of a byte of a text that is not ASCII: where its character ends, and which one that is, whatever its spelling.
        /// Measured: 0.1 microseconds, that is 30 steps.
        private static let costOfUnicode = 32
    }
}

/// Patterns, each once: rules often share some.
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
