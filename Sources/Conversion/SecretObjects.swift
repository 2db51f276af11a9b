import Distribution

/// Reads `spec.secretObjects` of a `SecretProviderClass` (secrets-store.csi.x-k8s.io/v1 and v1alpha1), as the CSI driver
/// does (secrets-store-csi-driver, `controllers/secretproviderclasspodstatus_controller.go`).
struct SecretObjects {
    static let kind = "SecretProviderClass"

    /// - Parameters:
    ///   - name: the class.
    ///   - namespace: that of the class, of the pods that mount it, and of their Secrets.
    static func drafts(
        in document: MappingReader, name: Located, namespace: Located?, _ findings: inout Findings
    ) -> [Draft] {
        let objects = document.mapping("spec", &findings)?.list("secretObjects", &findings) ?? []
        if objects.isEmpty {
            findings.remark(
                document.place.line, "\(kind) \(name.text) has no secretObjects, so the driver writes no Secret")
        }
        return objects.compactMap { object in
            object.expectNoOther(than: ["secretName", "type", "labels", "annotations", "data"], in: kind, &findings)
            guard let secret = object.required("secretName", &findings) else { return nil }
            let type = object.string("type", &findings)?.trimmed
            if type == nil {
                findings.remark(
                    object.place.line,
                    "\(object.place.field).type is missing: the driver writes no Secret without a type; the distribution"
                        + " has type Opaque")
            }
            var draft = Draft(
                origin: Located(text: "\(kind) \(name.text)", place: object.place), namespace: namespace,
                name: secret.text, secret: secret, type: type, handover: .secretObject(ofClass: name.text))
            draft.labels = object.strings("labels", &findings)
            draft.annotations = object.strings("annotations", &findings)
            draft.addData(of: object, from: "objectName", to: "key", &findings)
            return draft.entries.isEmpty ? nil : draft
        }
    }
}

extension Draft {
    /// Adds the entries of `data`. Of two entries for one key, the last one counts, as for the driver and the controller.
    mutating func addData(of object: MappingReader, from: String, to: String, _ findings: inout Findings) {
        let count = findings.all.count
        let data = object.list("data", &findings)
        if data.isEmpty, findings.all.count == count {
            findings.add(Place(line: object.place.line, field: "\(object.place.field).data"), "is missing")
        }
        var indices: [String: Int] = [:]
        for item in data {
            item.expectNoOther(than: [from, to], in: "entry of data", &findings)
            guard let file = item.required(from, &findings), let key = item.required(to, &findings) else {
                isIncomplete = true
                continue
            }
            let entry = Entry(source: .file(file.text), to: key.text, sourcePlace: file.place, keyPlace: key.place)
            if let index = indices[key.text] {
                findings.remark(
                    entries[index].keyPlace.line,
                    "\(entries[index].keyPlace.field) is \(shown(key.text)), like \(key.place.field), which counts")
                entries[index] = entry
            } else {
                indices[key.text] = entries.count
                entries.append(entry)
            }
            if type?.text == SecretType.tls.rawValue, key.text != SecretType.certificate, key.text != SecretType.key {
                findings.remark(
                    key.place.line,
                    "\(key.place.field) is \(shown(key.text)): the Secret could not be written with it before, because a"
                        + " Secret of type \(SecretType.tls.rawValue) could have only the keys tls.crt and tls.key")
            }
        }
    }
}
