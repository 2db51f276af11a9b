import Agent
import Conversion
import Observability

/// The command `convert FILE...`, which converts the resources of other programs to distributions.
enum ConvertCommand {
    static func run(_ files: [String], _ settings: Settings) -> Int32 {
        guard !files.isEmpty else {
            return Program.fail("convert needs a file; see secrets-distributor convert --help", 64)
        }
        var conversion = Conversion(managedBy: settings.managedBy, domain: settings.annotationDomain)
        for file in files {
            do {
                conversion.add(try FileBytes.read(file), file: file)
            } catch {
                conversion.add(unreadable: file, "\(error)")
            }
        }
        print(String(decoding: conversion.output, as: UTF8.self), terminator: "")
        for finding in conversion.findings { Logger.standardError(finding.description.onOneLine) }
        let lost = conversion.findings.count { !$0.isRemark }
        guard conversion.count > 0 || lost > 0 else {
            return Program.fail("there is nothing to convert", 1)
        }
        Logger.standardError(
            "\(counted(conversion.count, "distribution")) from \(counted(files.count, "file"));"
                + " \(lost == 0 ? "everything" : "not everything") has a counterpart")
        return lost == 0 ? 0 : 1
    }
}
