package import Observability

extension APIServer {
    /// A request that the server has answered, from its audit log.
    package struct Served: Sendable, Decodable {
        package struct User: Sendable, Decodable { package let username: String }
        package struct Object: Sendable, Decodable {
            package let resource: String
            package let namespace: String?
            package let name: String?
            package let apiGroup: String?
            package let subresource: String?
        }
        package struct Status: Sendable, Decodable { package let code: Int? }

        package let verb: String
        package let requestURI: String
        package let user: User
        package let objectRef: Object?
        package let responseStatus: Status?
        package let requestReceivedTimestamp: String
        /// The time when the response was complete.
        package let stageTimestamp: String

        package var code: Int { responseStatus?.code ?? 0 }
        package var time: Timestamp? { Timestamp(rfc3339: requestReceivedTimestamp) }
        package var answered: Timestamp? { Timestamp(rfc3339: stageTimestamp) }
    }

    /// All requests for Secrets and distributions in a namespace, including reads, and watches that have ended.
    package func served(in namespace: String) throws -> [Served] {
        try served(mentioning: namespace) { $0.objectRef?.namespace == namespace }
    }

    /// All requests of erin, including watches that have ended.
    package func servedToErin() throws -> [Served] { try served(to: "erin") }

    /// All requests of erin; of another user those for Secrets and distributions.
    package func served(to user: String) throws -> [Served] {
        try served(mentioning: user) { $0.user.username == user }
    }

    private func served(mentioning word: String, _ isWanted: (Served) -> Bool) throws -> [Served] {
        try audit.requests(mentioning: word).filter(isWanted)
    }

    /// The status codes of the responses to `verb` requests for Secrets, oldest first.
    package func codes(of verb: String, in namespace: String) throws -> [Int] {
        try served(in: namespace).filter { $0.verb == verb && $0.objectRef?.resource == "secrets" }.map(\.code)
    }

    static let auditPolicy = """
        apiVersion: audit.k8s.io/v1
        kind: Policy
        omitStages: [RequestReceived, ResponseStarted]
        rules:
          - level: Metadata
            resources:
              - group: ""
                resources: [secrets]
              - group: xlscsde.nhs.uk
          - level: Metadata
            users: [erin]
          - level: None
        """
}
