import Glibc

/// A failed system call: the operation, its object and the error number.
package struct LinuxError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The operation, as it reads after "cannot": `open`, `watch`, `start a thread for`.
    package var operation: String
    /// The object, usually a path.
    package var object: String
    /// errno(3).
    package var code: Int32

    package init(_ operation: String, _ object: String, code: Int32) {
        self.operation = operation
        self.object = object
        self.code = code
    }

    /// Creates an error from the `errno` of the last call.
    static func last(_ operation: String, _ object: String) -> LinuxError {
        LinuxError(operation, object, code: errno)
    }

    /// For example `cannot open /mnt/secrets: Permission denied`, with a hint if the text alone does not say what to
    /// do.
    package var description: String {
        let text = "cannot \(operation) \(object): \(reason)"
        return hint.map { "\(text) (\($0))" } ?? text
    }

    /// The text of strerror(3).
    package var reason: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let start = buffer.baseAddress, strerror_r(code, start, buffer.count) == 0 else {
                return "error \(code)"
            }
            return String(cString: start)
        }
    }

    private var hint: String? {
        switch code {
        case EMFILE where object == "inotify": "raise fs.inotify.max_user_instances on the node"
        case ENOSPC where operation == "watch": "raise fs.inotify.max_user_watches on the node"
        case EXDEV where operation == "open": "a link that is not followed here"
        case EPERM where operation == "set the group of": "the agent's user must be a member of the group"
        case EMFILE: "raise the limit of open files"
        default: nil
        }
    }
}

/// Makes a system call, and repeats it if a signal interrupts it. Throws the error if it returns -1.
@discardableResult
func checked<Result: SignedInteger>(
    _ operation: String, _ object: @autoclosure () -> String, _ call: () -> Result
) throws(LinuxError) -> Result {
    while true {
        let result = call()
        if result != -1 { return result }
        let code = errno
        if code != EINTR { throw LinuxError(operation, object(), code: code) }
    }
}
