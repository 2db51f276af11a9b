/// `status` as the API server stores it. The older resource definition keeps only the first two fields.
package struct StoredStatus: Sendable, Equatable {
    package var statusText: String?
    package var lastUpdated: String?
    package var mountGeneration: String?
    package var observedGeneration: Int?
    /// Empty if the versions of the vault's objects are not known.
    package var sources: [SourceVersion] = []
    /// Only of a `ClusterSecretsDistribution`.
    package var targets: TargetCounts?
    /// All conditions, including those of other programs: a merge patch replaces the whole list.
    package var conditions: [Condition] = []

    package init() {}

    /// Setting it keeps its position: a list in another order would differ from the stored one and need a write.
    package var ready: Condition? {
        get { self[condition: Condition.ready] }
        set { self[condition: Condition.ready] = newValue }
    }

    /// Nil unless it is `True`: kstatus and Flux expect that a condition that reports a problem is absent otherwise.
    package var stalled: Condition? {
        get { self[condition: Condition.stalled] }
        set { self[condition: Condition.stalled] = newValue }
    }

    private subscript(condition type: String) -> Condition? {
        get { conditions.first { $0.type == type } }
        set {
            let index = conditions.firstIndex { $0.type == type } ?? conditions.endIndex
            conditions.removeAll { $0.type == type }
            if let newValue { conditions.insert(newValue, at: index) }
        }
    }
}

/// The targets of a `ClusterSecretsDistribution`, as its status shows them.
package struct TargetCounts: Sendable, Hashable {
    /// A target that is not in sync.
    package struct Problem: Sendable, Hashable {
        package let namespace: String
        package let reason: String
        package let message: String

        /// - Parameter message: is shortened to 512 displayed characters.
        package init(namespace: String, reason: String, message: String) {
            (self.namespace, self.reason) = (namespace, reason)
            self.message = message.onOneLine(atMost: 512)
        }
    }

    /// The maximum number of targets in `notInSync`.
    package static let mostNamed = 100

    /// The number of all targets.
    package var all: Int
    package var inSync: Int
    /// The first targets that are not in sync, sorted by namespace.
    package var notInSync: [Problem]

    package init(all: Int, inSync: Int, notInSync: [Problem] = []) {
        (self.all, self.inSync, self.notInSync) = (all, inSync, notInSync)
    }
}

extension TargetCounts {
    /// Nil if the status has no counts. Entries that cannot be read are left out, so that the status is written again.
    init?(reading reader: inout FieldReader) {
        guard let all = reader.int("targets"), let inSync = reader.int("inSync") else { return nil }
        let entries = reader.array("notInSync", of: "\"namespace\"", atMost: Self.mostNamed, required: false) ?? []
        self.init(
            all: all, inSync: inSync,
            notInSync: entries.compactMap { entry in
                var entry = entry
                guard let namespace = entry.string("namespace"), let reason = entry.string("reason") else { return nil }
                return Problem(namespace: namespace, reason: reason, message: entry.string("message") ?? "")
            })
    }
}

/// `metav1.Condition`.
package struct Condition: Sendable, Equatable {
    package static let ready = "Ready"
    /// `True` while only an edit can help (kstatus, "Conditions").
    package static let stalled = "Stalled"

    package var type: String
    /// `True`, `False` or `Unknown`.
    package var status: String
    package var reason: String
    package var message: String
    /// RFC 3339; when `status` last changed.
    package var lastTransitionTime: String
    package var observedGeneration: Int?

    package init(
        type: String, status: String, reason: String, message: String, lastTransitionTime: String,
        observedGeneration: Int? = nil
    ) {
        self.type = type
        self.status = status
        self.reason = reason
        self.message = message
        self.lastTransitionTime = lastTransitionTime
        self.observedGeneration = observedGeneration
    }
}
