import Synchronization

/// A flag that several threads share.
package final class Switch: Sendable {
    private let value: Atomic<Bool>

    package init(_ isOn: Bool) { value = Atomic(isOn) }

    package var isOn: Bool {
        get { value.load(ordering: .acquiring) }
        set { value.store(newValue, ordering: .releasing) }
    }
}
