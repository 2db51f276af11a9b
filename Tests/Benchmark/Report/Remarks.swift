import Kube

/// Known reasons for figures that miss their bar. Maintained by hand, and shown only if the figure misses it.
enum Remarks {
    struct Remark: Sendable {
        let reason: String
        let next: String
    }

    /// Remarks by the id of the figure.
    static let all: [String: Remark] = [
        "start.cold": Remark(
            reason: """
                As for a rotation, see below; and before the first Secret can be created the server lists all: for 1,000 \
                distributions, in two pages one after the other, that was 0.75 s of 2.95 s, in which it reads each from \
                etcd, decodes and encodes it. The reference patches, while a start creates, which costs the server less.
                """,
            next: "to begin with the namespaces whose distributions are all known, while the next page is on its way."
        ),
        "latency.p99": Remark(
            reason: """
                The garbage collection of the server, whose heap holds all 10,000 distributions and Secrets: a rotation asks it \
                for three writes, the bare one that it stands beside is one. Measured again at 10,000 it was 16.9 ms and 5.5 for \
                the bare write; with GOGC=1000 in the environment of kube-apiserver and etcd, all else the same, 8.9 ms and 5.4.
                """,
            next: "the status and the Event of a rotation a moment later, in case it is theirs that meets the next one."
        ),
        "rotation.all.total": Remark(
            reason: """
                Both cores of a machine that has two are busy all the time, so that what counts is CPU time. For each \
                patch, in ms, by /proc, in runs of their own: h2load's took 2.9 of the API server and 0.8 of etcd; the \
                program's 3.4 and 0.8, and 0.8 of the program itself. What the server takes more is that somebody hears of \
                each write: with a watch of curl(1) on the same Secrets, h2load's patches take 0.4 more too, and not much \
                less if the watch asks for metadata alone or for protobuf. Of the program's own a good half is libcurl with \
                TLS and the kernel. A program beside a server with cores of its own has not been measured.
                """,
            next: """
                curl_multi_socket_action(3) with epoll, and then HTTP/1.1 for writes too, which costs the server a sixth \
                less (h2load), but libcurl's polls as much more; the event of an own write, which need not be decoded whole.
                """),
    ]
}
