/// The verb and object of a request, as errors and logs show them.
package struct Operation: Sendable, Hashable, CustomStringConvertible {
    package enum Verb: String, Sendable {
        case get, list, watch, create, update, patch, delete
    }

    package let verb: Verb
    /// The plural of the resource, such as `secrets`, or the path of a request that is not for a resource, such as
    /// `/readyz`.
    package let resource: String
    package let namespace: String?
    package let name: String?

    package init(_ verb: Verb, resource: String, namespace: String? = nil, name: String? = nil) {
        self.verb = verb
        self.resource = resource
        self.namespace = namespace
        self.name = name
    }

    /// `list secrets in namespace web`, `patch secrets web/tls`.
    package var description: String {
        switch (namespace, name) {
        case (let namespace?, let name?): "\(verb.rawValue) \(resource) \(namespace)/\(name)"
        case (nil, let name?): "\(verb.rawValue) \(resource) \(name)"
        case (let namespace?, nil): "\(verb.rawValue) \(resource) in namespace \(namespace)"
        case (nil, nil): "\(verb.rawValue) \(resource)"
        }
    }
}
