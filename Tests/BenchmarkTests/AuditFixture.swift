@testable import benchmark

/// A line in the format of kube-apiserver.
///
/// - Parameter end: the time of the response, in seconds of a minute.
func auditLine(
    user: String = "erin", verb: String = "patch", resource: String = "secrets", name: String = "s",
    code: Int = 200, end: String = "00.000002"
) -> AuditLine {
    AuditLine(
        Array(
            """
            {"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","stage":"ResponseComplete",\
            "requestURI":"/api/v1/namespaces/n/secrets/s","verb":"\(verb)","user":{"username":"\(user)",\
            "groups":["system:authenticated"]},"objectRef":{"resource":"\(resource)","namespace":"n","name":"\(name)",\
            "apiVersion":"v1"},"responseStatus":{"metadata":{},"code":\(code)},\
            "requestReceivedTimestamp":"2026-11-21T08:30:00.000001Z","stageTimestamp":"2026-11-21T08:30:\(end)Z"}
            """.utf8))
}
