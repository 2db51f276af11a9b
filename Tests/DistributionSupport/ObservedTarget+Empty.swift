package import Distribution
package import Planning

extension ObservedTarget {
    /// An empty Secret of instance `me`.
    package init(_ key: ObjectKey, of distribution: ObjectKey) {
        self.init(
            key: key, uid: "made-before", resourceVersion: "", type: "Opaque",
            labels: [WellKnownKeys.managedByLabel: "me"],
            annotations: [WellKnownKeys.managedBy: "me", WellKnownKeys.distribution: distribution.description])
    }
}
