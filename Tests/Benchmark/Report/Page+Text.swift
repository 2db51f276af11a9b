/// The texts of the page that do not depend on the results.
extension Page {
    static let introduction = """
        # Benchmarks

        The cost of a rotation, of a start and of an idle agent, compared with the limit that the API server itself sets.
        `make bench` measures it on your own machine, and writes this page and its plots.
        [results.json](benchmarks/results.json) has all measurements.
        """

    static let howMeasured = """
        - **The program** is the release build in a separate process, with the default settings except for a quiet time of 20
          ms. It has an admin endpoint only in the storm and at rest.
        - **The server** is a real etcd and kube-apiserver for each scenario, on the same machine: they share its cores with
          the program and the load. Write times are therefore mostly the server's, and are shown with a reference. etcd's data
          and the audit log are in memory (`/dev/shm`), so that neither the program nor its reference waits for a disk.
        - **The reference** is the server's own limit: `h2load` updates the same number of Secrets of the same size on the
          same server, in the same run, and sends whole Secrets too. It uses one connection, as the program does for its
          writes, with 8, 16, 32, 64 and 128 concurrent requests. The best result counts. Before each run, of the program or
          of h2load, the server has had no request for at least a second; with 10,000 distributions, the runs of h2load
          follow one another. A cold start, which creates Secrets, is compared with updates too.
        - **Times** end with the server's response, by the clock of its audit log, which is independent of the program.
        - **Each figure** is the median of several runs, with the minimum and the maximum in brackets: of seven runs for a
          cold start and for a rotation of all, of ten for a rotation of one, and of three for the others. With 10,000
          distributions, where writing all Secrets takes minutes, there is one run. Latency, the storm, the changes of other
          Secrets, rest, and memory with 100 distributions and more have one run. Each run is compared with its own reference,
          and the median of these comparisons is judged.
        - **Secrets** have three keys: a certificate and a key of one of 25 pairs, and a CA certificate that all share. They
          have about 5 KiB in base64.
        """

    static let again = """
        ## Measure it yourself

        You need Debian or Ubuntu with Swift, some GB of memory, and one to two hours:

        ```console
        make bench
        ```

        `make bench BENCH=--quick` takes some minutes, judges nothing, and writes below `.build`. `BENCH='--only idle,memory'`
        measures some scenarios and prints their figures. `BENCH='--only idle,memory --output docs'` also puts these figures
        on this page, and keeps the others.

        Run nothing else at the same time. Absolute times depend on your machine; ratios and counts should be similar to
        these.
        """

    static let omitted = """
        ## What is not measured

        - **A network.** Server and program share a machine. In a cluster, each write takes one round trip more; concurrent
          writes (`MAX_IN_FLIGHT`) share this delay.
        - **A rotation after minutes of rest.** The server or libcurl has closed the connection by then, so a handshake comes
          first: 8 ms here, according to curl(1).
        - **A server whose priority and fairness settings are stricter than the defaults**, or one with several replicas.
        - **The vault's side**: the CSI driver notices a new version after at most its poll interval.
        - **The readers of the Secrets**: the time until the kubelet updates a Secret in a pod does not depend on the program.
        - **Other architectures** than that of this machine.
        """
}
