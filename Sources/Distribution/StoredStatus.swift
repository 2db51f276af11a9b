/// `status` as the API server stores it. The older resource definition keeps only the first two fields.
package struct StoredStatus: Sendable, Equatable {
    package var statusText: String?
    package var lastUpdated: String?
    package var mountGeneration: String?
    package var observedGeneration: Int?
    /// All conditions, including those of other programs: a merge patch replaces the whole list.
    package var conditions: [Condition] = []

    package init() {}

    /// Setting it keeps its position: a list in another order would differ from the stored one and need a write.
    package var ready: Condition? {
        get { conditions.first { $0.type == Condition.ready } }
        set {
            let index = conditions.firstIndex { $0.type == Condition.ready } ?? conditions.endIndex
            conditions.removeAll { $0.type == Condition.ready }
            if let newValue { conditions.insert(newValue, at: index) }
        }
    }
}

/// `metav1.Condition`.
package struct Condition: Sendable, Equatable {
    package static let ready = "Ready"

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
