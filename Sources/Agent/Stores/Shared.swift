import LinuxIO

/// A value that all copies of a store share, from any thread.
final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        value.withLock { (value: inout sending Value) -> sending Result in
            var copy = value
            let result = body(&copy)
            value = copy
            return result
        }
    }
}
