package import HTTPServer

extension HTTPServer.Limits {
    /// The usual limits with longer times, so that even on a busy machine only tests of the limits reach them.
    package static var patient: HTTPServer.Limits {
        var limits = HTTPServer.Limits()
        limits.connection = .seconds(600)
        limits.answer = .seconds(600)
        return limits
    }
}
