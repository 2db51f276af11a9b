import Distribution
import YAML

/// A SecretProviderClass with only the objects that are used, which gives the same files of these.
enum ReducedClass {
    /// The classes of which an object is used, in their order.
    static func text(_ coverage: MountCoverage, _ header: String) throws(AccessExport.Failure) -> String {
        var documents: [String] = []
        let used = Dictionary(grouping: coverage.usedObjects, by: \.classIndex)
        for (index, each) in coverage.content.classes.enumerated() {
            let objects = (used[index] ?? []).map { id in
                (entry: coverage.content[id].entry, comment: coverage.users(of: id).joined(separator: ", "))
            }
            guard !objects.isEmpty, let provider = each.provider else { continue }
            do throws(YAMLError) {
                let list = try list(objects, isAzure: provider == .azure)
                let value = each.document.value.replacing(
                    ["spec", "parameters", provider.listParameter], with: .literal(list))
                documents.append(String(decoding: try YAMLEmitter.emit(value), as: UTF8.self))
            } catch {
                throw AccessExport.Failure(findings: [Finding(each.place, "the class \(error.reason)")])
            }
        }
        return "# \(header)\n" + documents.joined(separator: "---\n")
    }

    /// The list as the provider reads it, with a comment above each object.
    private static func list(
        _ objects: [(entry: YAMLNode, comment: String)], isAzure: Bool
    ) throws(YAMLError) -> String {
        var text = isAzure ? "array:\n" : ""
        for object in objects {
            let comment = "# \(object.comment)\n"
            if isAzure {
                let lines = String(decoding: try YAMLEmitter.emit(object.entry.value), as: UTF8.self)
                    .split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                text += "  \(comment)  - |\n" + lines.map { $0.isEmpty ? "\n" : "    \($0)\n" }.joined()
            } else {
                text += comment + String(decoding: try YAMLEmitter.emit([object.entry.value]), as: UTF8.self)
            }
        }
        return text
    }
}

extension YAMLValue {
    /// The value with another value at a path of keys that exists.
    fileprivate func replacing(_ path: ArraySlice<String>, with value: YAMLValue) -> YAMLValue {
        guard let key = path.first else { return value }
        guard case .mapping(let entries) = self else { return self }
        return .mapping(
            entries.map { entry in
                guard entry.key == key else { return entry }
                return Entry(key, entry.value.replacing(path.dropFirst(), with: value))
            })
    }
}
