package import Formats

/// Why a source gives no value.
package enum ValueFailure: Error, Sendable, Hashable {
    /// The document has nothing there.
    case missing(JSONPointer)
    /// It does not have the expected form.
    case form(FormError)
}
