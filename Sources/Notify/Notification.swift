import JSON

/// What a receiver is told: which targets changed, never a value.
package struct Notification: Sendable, Equatable {
    /// `namespace/name`, or the name alone if paths have no namespace. Sorted.
    package let secrets: [String]

    /// `{"secrets":["app"]}`
    package var body: [UInt8] {
        JSONValue.object(["secrets": .array(secrets.map { .string($0) })]).encoded()
    }
}
