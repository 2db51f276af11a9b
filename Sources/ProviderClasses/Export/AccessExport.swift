package import Distribution

/// Writes the least access that a mount needs.
package struct AccessExport: Sendable {
    package struct Failure: Error, Sendable, Equatable {
        package let findings: [Finding]
    }

    package struct Output: Sendable, Equatable {
        /// Ends with a line break.
        package var text: String
        /// What the reader must know before using it.
        package var remarks: [Finding]
    }

    private let format: ExportFormat
    private let account: String?
    private let region: String?

    /// - Parameters:
    ///   - account: the AWS account of secrets without an ARN.
    ///   - region: the AWS region of classes without one.
    package init(_ format: ExportFormat, account: String? = nil, region: String? = nil) {
        (self.format, self.account, self.region) = (format, account, region)
    }

    /// Whether a text can be the name of an AWS region.
    package static func isRegion(_ text: String) -> Bool { AWSName.isRegion(text) }

    /// - Throws: if no object of the format's provider is used, or if the format cannot express the access.
    package func output(of coverage: MountCoverage) throws(Failure) -> Output {
        let isOurs = { (id: MountContent.ObjectID) in
            format.provider.map { $0 == coverage.content.classes[id.classIndex].provider } ?? true
        }
        guard let first = coverage.usedObjects.first(where: isOurs) else {
            let what = format.provider.map { "object of a class with provider \($0.rawValue)" } ?? "object"
            let places = coverage.content.classes.map(\.place)
            throw Failure(findings: places.prefix(1).map { Finding($0, "no distribution uses any \(what)") })
        }
        let grants = Grant.all(of: coverage).filter { grant in
            format.provider.map { $0 == grant.access.provider } ?? true
        }
        let place = coverage.content[first].place
        var output = Output(text: "", remarks: [])
        switch format {
        case .objects: output.text = try ReducedClass.text(coverage, header)
        case .awsIAM:
            let policy = AWSPolicy(grants, account: account, region: region)
            output.text = policy.text
            output.remarks = policy.remarks.map { Finding(place, $0, isRemark: true) }
        case .azureRBAC: output.text = AzureScript.text(grants, header)
        case .gcpIAM: output.text = GoogleScript.text(grants, header)
        case .vaultPolicy: output.text = "# \(header)\n\n\(try VaultPolicy.only(grants, place).text)"
        case .terraform:
            let terraform = Terraform(grants, account: account, region: region)
            output.text = "# \(header)\n\n\(try terraform.text(place))"
        }
        output.remarks += remarks(coverage.unusedObjects.filter(isOurs), coverage, grants)
        return output
    }

    /// The providers fail the whole mount if they may not read one of its objects.
    private func remarks(
        _ unused: [MountContent.ObjectID], _ coverage: MountCoverage, _ grants: [Grant]
    ) -> [Finding] {
        if format == .objects { return unused.map { coverage.remark($0, ", so it is left out") } }
        let granted = Set(grants.map(\.access))
        let advice =
            ", so no access is granted to it; remove it from the class (see export --format objects), or the mount fails"
        return unused.filter { !granted.isSuperset(of: coverage.content[$0].access) }
            .map { coverage.remark($0, advice) }
    }

    /// The first line of each format that has comments. It holds no version, so that the text changes only with the access.
    private var header: String {
        "Made by \"secrets-distributor export --format \(format.rawValue)\" from the distributions. Do not edit."
    }
}
