extension AccessPolicy {
    /// Which files may not go to a namespace, found out a part at a time: there may be many, with long names.
    package struct Judgement: Sendable {
        package let namespace: String
        /// Those judged so far, each once, in their order.
        package private(set) var denied: [SourcePath] = []
        private let files: [SourcePath]
        private var next = 0
        private var judged: Set<SourcePath> = []
        private let verdicts: CompiledRules.Verdicts

        init(of files: [SourcePath], to namespace: String, _ rules: CompiledRules, _ default: Default) {
            self.namespace = namespace
            self.files = files
            verdicts = CompiledRules.Verdicts(rules, for: namespace, `default`)
        }

        /// What all of it takes at most, in steps of 64 states on one character.
        package var cost: Int { files.reduce(0) { $0 + verdicts.cost(of: $1) } }

        /// - Parameter budget: how much to do, as in `cost`; a file that has been begun is judged.
        /// - Returns: whether all are judged.
        package mutating func advance(by budget: Int) -> Bool {
            var spent = 0
            while next < files.count {
                if spent >= budget { return false }
                let file = files[next]
                next += 1
                guard judged.insert(file).inserted else { continue }
                spent += verdicts.cost(of: file)
                if verdicts.isDenied(file) { denied.append(file) }
            }
            return true
        }
    }
}
