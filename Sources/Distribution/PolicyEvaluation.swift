extension AccessPolicy {
    /// Finds the files that may not go to a namespace, in bounded steps: there may be many files with long names.
    package struct PolicyEvaluation: Sendable {
        package let namespace: String
        /// The files denied so far, without duplicates, in their order.
        package private(set) var denied: [SourcePath] = []
        private let files: [SourcePath]
        private var next = 0
        private var evaluated: Set<SourcePath> = []
        /// The unfinished run over the file before `next`.
        private var run: PatternAutomaton.Run?
        private let verdicts: CompiledRules.Verdicts

        init(of files: [SourcePath], to namespace: String, _ rules: CompiledRules, _ default: Default) {
            self.namespace = namespace
            self.files = files
            verdicts = CompiledRules.Verdicts(rules, for: namespace, `default`)
        }

        /// The maximum cost of the whole evaluation, in steps of 64 states on one character.
        package var cost: Int { files.reduce(0) { $0 + verdicts.cost(of: $1) } }

        /// - Parameter budget: how much to do, in the unit of `cost`. It can be exceeded by the cost of one character
        ///   and by `costToRead` of one file.
        /// - Returns: whether all files are evaluated.
        package mutating func advance(by budget: Int) -> Bool {
            var budget = budget
            while budget > 0 {
                if var run {
                    // Moved out of the property, so that the states are changed in place and not copied.
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
                if evaluated.insert(file).inserted { run = verdicts.run(over: file) }
            }
            return run == nil && next == files.count
        }
    }
}
