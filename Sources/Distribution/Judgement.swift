extension AccessPolicy {
    /// Which files may not go to a namespace, found out a part at a time: there may be many, with long names.
    package struct Judgement: Sendable {
        package let namespace: String
        /// Those judged so far, each once, in their order.
        package private(set) var denied: [SourcePath] = []
        private let files: [SourcePath]
        private var next = 0
        private var judged: Set<SourcePath> = []
        /// Of the file before `next`, as far as it has come.
        private var run: PatternAutomaton.Run?
        private let verdicts: CompiledRules.Verdicts

        init(of files: [SourcePath], to namespace: String, _ rules: CompiledRules, _ default: Default) {
            self.namespace = namespace
            self.files = files
            verdicts = CompiledRules.Verdicts(rules, for: namespace, `default`)
        }

        /// What all of it takes at most, in steps of 64 states on one character.
        package var cost: Int { files.reduce(0) { $0 + verdicts.cost(of: $1) } }

        /// - Parameter budget: how much to do, as in `cost`; a file may take what one of its characters costs more, and as
        ///   much as its bytes do.
        /// - Returns: whether all are judged.
        package mutating func advance(by budget: Int) -> Bool {
            var budget = budget
            while budget > 0 {
                if var run {
                    // Taken out, so that the states are changed in place.
                    self.run = nil
                    guard verdicts.advance(&run, by: &budget) else {
                        self.run = run
                        return false
                    }
                    if verdicts.isDenied(run) { denied.append(files[next - 1]) }
                }
                guard next < files.count else { return true }
                let file = files[next]
                next += 1
                budget -= verdicts.costToRead(file)
                if judged.insert(file).inserted { run = verdicts.run(over: file) }
            }
            return run == nil && next == files.count
        }
    }
}
