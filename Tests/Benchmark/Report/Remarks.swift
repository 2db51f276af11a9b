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
                As for a rotation, see below. In addition, the server lists everything before the first Secret can be \
                created: for 1,000 distributions, in two successive pages, this was 0.75 s of 2.95 s, in which it \
                reads each object from etcd, decodes and encodes it. The reference updates, while a start creates, \
                which is cheaper for the server.
                """,
            next: "to start with the namespaces whose distributions are all known, before the next page arrives."
        ),
        "client-go.start": Remark(
            reason: """
                The reference lists with `resourceVersion=0`: the server answers from its watch cache, at once and \
                whatever the limit. The response may be out of date, and holds all objects. The program reads pages \
                that are current, which this server reads from etcd. In five runs with 1,000 distributions \
                (2026-12-01), the lists took 67 to 87 ms for the reference and 270 to 351 ms for the program. From the \
                first to the last create it was 0.88 to 0.97 s and 0.78 to 1.21 s.
                """,
            next: """
                to measure with a current API server, which answers the pages from its watch cache too \
                (kubernetes#125730, kubernetes#130423).
                """
        ),
        "client-go.all": Remark(
            reason: """
                etcd, the API server and the agent share two cores, which are always busy, so the CPU time of all three \
                decides. etcd and the API server need as much for either agent; the program needs more than the \
                reference.
                """,
            next: "what makes the program's own CPU time smaller."
        ),
        "client-go.all.limit": Remark(
            reason: """
                h2load needs a third of an agent's CPU time, and has no watch, while the server sends an agent an event \
                about each write. The agent on client-go does not reach this limit either: 1.56 of it, the median of \
                the same seven runs.
                """,
            next: "to measure with a server that has cores of its own."
        ),
        "client-go.cpu": Remark(
            reason: """
                According to perf(1) (2026-12-01), 42 % are the kernel, libc, and libcurl with TLS. The rest is flat: \
                planning, encoding and decoding of JSON, and the tasks of Swift. The reference does less for each \
                Secret: it has no access policy, leader election or metrics.
                """,
            next: """
                curl_multi_socket_action(3) with epoll, and several keys in one task: each is worth about 3 %, \
                according to perf(1).
                """
        ),
        "client-go.one.p99": Remark(
            reason: """
                Of 400 rotations, these are the four slowest. Half of the rotations were faster than the median of the \
                reference. In quick runs on the same day, the program was as fast as the reference or faster.
                """,
            next: "to measure more rotations on a machine with less noise."
        ),
        "client-go.server.all": Remark(
            reason: """
                Each distribution has a status, whose write costs the server more than that of a Secret, because it \
                validates custom resources by their schema. A Secret costs less than when the bar was set: it is sent \
                as a whole.
                """,
            next: "nothing known: each Secret that changes, changes the status of its distribution."
        ),
        "latency.p99": Remark(
            reason: """
                The garbage collection of the server, whose heap holds all 10,000 distributions and Secrets: a \
                rotation causes three writes, the bare write of the reference only one. Another measurement at 10,000 \
                resulted in 16.9 ms, and 5.5 ms for the bare write; with GOGC=1000 in the environment of \
                kube-apiserver and etcd, and otherwise the same setup, 8.9 ms and 5.4 ms.
                """,
            next: "to delay the status and the Event of a rotation, in case their writes slow down the next rotation."
        ),
        "rotation.all.total": Remark(
            reason: """
                Both cores of the machine are always busy, so CPU time is the limit. Measured in separate runs \
                when both still sent patches, as CPU time for each patch (/proc): from h2load, 2.9 ms in the API \
                server and 0.8 ms in etcd; from the program, 3.4 and 0.8 ms, and 0.8 ms in the program. The \
                difference in the server is that a client watches each write: with a watch of curl(1) on the same \
                Secrets, patches of h2load also take 0.4 more, and not much less if the watch requests only metadata, \
                or protobuf. More than half of the program's own time is libcurl with TLS, and the kernel. A program \
                with a server on separate cores has not been measured.
                """,
            next: """
                curl_multi_socket_action(3) with epoll, and then HTTP/1.1 for writes too, which costs the server a \
                sixth less (h2load), but makes libcurl's polling more expensive by the same amount.
                """),
    ]
}
