/// An object of a list that cannot be read. The others of the list can be.
package struct UnreadableItem: Sendable, Equatable, CustomStringConvertible {
    /// Nil if not even its name can be read.
    package let metadata: ObjectMeta?
    /// Why it cannot be read: says where, not what.
    package let reason: String
    /// It has annotations, and they cannot be read either.
    package let hidesAnnotations: Bool

    package init(metadata: ObjectMeta?, reason: String, hidesAnnotations: Bool = false) {
        self.metadata = metadata
        self.hidesAnnotations = hidesAnnotations
        self.reason = reason
    }

    package var description: String {
        guard let metadata else { return "an object without a name cannot be read: \(reason)" }
        let name = [metadata.namespace, metadata.name].compactMap { $0 }.joined(separator: "/")
        return "\(name) cannot be read: \(reason)"
    }
}
