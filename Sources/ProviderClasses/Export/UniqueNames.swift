/// Names that differ: a name that is taken gets a number.
struct UniqueNames {
    private var taken: Set<String> = []

    /// - Returns: `name`, or `nameX2`, `nameX3` and so on, of letters and digits as IAM demands for a `Sid`.
    mutating func insert(_ name: String) -> String {
        var unique = name
        var number = 2
        while !taken.insert(unique).inserted {
            unique = "\(name)X\(number)"
            number += 1
        }
        return unique
    }
}
