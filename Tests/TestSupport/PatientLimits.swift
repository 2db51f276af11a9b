package import HTTPServer

extension HTTPServer.Limits {
    /// The usual ones, but for the times: on a busy machine no test runs into them unless it is about them.
    package static var patient: HTTPServer.Limits {
        var limits = HTTPServer.Limits()
        limits.connection = .seconds(600)
        limits.answer = .seconds(600)
        return limits
    }
}
