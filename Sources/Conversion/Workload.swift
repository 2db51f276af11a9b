import Kees

/// Reads the annotations of kees from the pods of a workload.
struct Workload {
    /// The API groups and the path to the pod's metadata, by kind.
    private static let kinds: [String: (groups: [String], path: [String])] = {
        let template = ["spec", "template", "metadata"]
        let apps = ["apps", "extensions"]
        return [
            "Pod": ([""], ["metadata"]), "ReplicationController": ([""], template), "Deployment": (apps, template),
            "ReplicaSet": (apps, template), "DaemonSet": (apps, template), "StatefulSet": (["apps"], template),
            "Job": (["batch"], template), "CronJob": (["batch"], ["spec", "jobTemplate"] + template),
        ]
    }()

    static func isWorkload(_ kind: String, group: String) -> Bool { kinds[kind]?.groups.contains(group) ?? false }

    let kind: String
    let domain: String

    /// - Parameter shared: the values that kees generates, by their place in its storage, with the workload and the
    ///   place of the first annotation that asks for them.
    func drafts(
        in document: MappingReader, name: Located, namespace: Located?, shared: inout [String: SharedValue],
        _ findings: inout Findings
    ) -> [Draft] {
        let all = document.mapping(at: Self.kinds[kind]?.path ?? [])?.strings("annotations", &findings) ?? []
        let kees = KeesAnnotations(all.map { ($0.key, $0.value.text) }, domain: domain)
        guard !kees.isEmpty else {
            findings.remark(document.place.line, "\(kind) \(name.text) is skipped: its pods have no annotation of kees")
            return []
        }
        let places = Dictionary(all.map { ($0.key, $0.value.place) }) { first, _ in first }
        let place = { (annotation: String) in
            Place(line: places[annotation]?.line ?? document.place.line, field: annotation)
        }
        for fault in kees.faults { findings.add(place(fault.annotation), fault.message) }
        for fault in kees.unserved { findings.add(place(fault.annotation), fault.message) }
        if kees.mode == .remoteThenLocal, let annotation = kees.modeAnnotation {
            findings.add(
                place(annotation), "has no counterpart: a value that the vault lacks holds the whole Secret back")
        }
        let identity = "\(findings.file):\(document.place.line)"
        var draft = Draft(
            origin: Located(text: "\(kind) \(name.text)", place: Place(line: document.place.line, field: kind)),
            namespace: namespace, name: name.text,
            secret: Located(text: name.text, place: Place(line: name.place.line, field: "the name of its Secret")),
            handover: .none)
        draft.isIncomplete = !kees.faults.isEmpty
        let generation = KeesGeneration(kees, workload: identity)
        for parameter in kees.parameters {
            let place = place(parameter.annotation)
            do throws(KeesError) {
                let source = try source(of: parameter, kees.mode, generation, place, &shared, &findings)
                draft.entries.append(
                    Draft.Entry(source: source, to: parameter.name, sourcePlace: place, keyPlace: place))
            } catch {
                findings.add(place, error.description)
                draft.isIncomplete = true
            }
        }
        return draft.entries.isEmpty ? [] : [draft]
    }

    private func source(
        of parameter: KeesParameter, _ mode: KeesAnnotations.Mode, _ generation: KeesGeneration, _ place: Place,
        _ shared: inout [String: SharedValue], _ findings: inout Findings
    ) throws(KeesError) -> Draft.Entry.Source {
        if case .dynamic = parameter.kind, mode != .local {
            let fields = try generation.fields(
                for: parameter, at: "\(findings.file):\(place.line)", shared: &shared)
            findings.remark(
                place.line, "\(place.field) gets a new value: the one that kees has generated is not copied")
            return .generated(fields)
        }
        switch try parameter.value(in: mode) {
        case .file(let file): return .file(file)
        case .text(let text): return .text(text)
        }
    }
}
