/// The texts of the page that do not depend on the results.
extension Page {
    static let introduction = """
        # Benchmarks

        What a rotation, a start and doing nothing cost, and how near that is to what the API server allows at all. `make bench`
        measures it on a machine of your own, and writes this page and its pictures. All that was measured is in
        [results.json](benchmarks/results.json).
        """

    static let howMeasured = """
        - **The program** is the release build, a process of its own with nothing special set but a quiet time of 20 ms, and no
          admin endpoint but in the storm and at rest.
        - **The server** is a real etcd and kube-apiserver of the scenario's own, on the same machine: they, the program and the
          load share its cores. Times of writes are therefore mostly the server's, and so each is told beside a reference.
          etcd's data and the audit log are in memory (`/dev/shm`): nobody waits for a disk, neither the program nor its reference.
        - **The reference** is the server's own limit: `h2load` sends as many patches, of the size of a rotation's, to the same
          server, in the same run, over one connection, as the program has for its writes, with 8, 16, 32, 64 and 128 at once. The
          best of these counts. Before each run, the program's or one of h2load's, the server has had no request for a second
          at least; with 10,000, h2load's follow one another. A cold start, which creates, stands beside such patches too.
        - **Times** end with the server's answer, by the clock of its audit log. It knows nothing of the program.
        - **Each figure** is the median of several runs, with the least and the most in brackets: of seven for a cold start and
          for a rotation of all, of ten for a rotation of one, of three for the others; of one with 10,000 distributions, where
          to write all takes minutes. Latency, the storm, the flood, rest, and memory from 100 distributions on are one run.
          Each run is compared with its own reference, and the median of that is judged.
        - **Secrets** have three keys, a certificate and a key of one of 25 pairs and an authority's certificate that all share:
          about 5 KiB in base64.
        """

    static let again = """
        ## Measure it yourself

        On Debian or Ubuntu with Swift and nothing else; it takes about an hour, and some GB of memory:

        ```console
        make bench
        ```

        `make bench BENCH=--quick` takes some minutes, judges nothing, and writes below `.build`. `BENCH='--only idle,memory'`
        measures some of it and prints the figures.

        Nothing else should run meanwhile. Absolute times are those of your machine; ratios and counts should be like these.
        """

    static let omitted = """
        ## What is not measured

        - **A network.** Server and program share a machine; a round trip to your server comes on top of each write, and with
          several under way at once (`MAX_IN_FLIGHT`) not once for each.
        - **A rotation after minutes of rest.** The server or libcurl has ended the connection by then, and a handshake comes
          first: 8 ms here, as curl(1) tells it.
        - **A server with priority and fairness that is set tighter than its defaults**, or one of several replicas.
        - **The vault's side**: how long the CSI driver takes to see a new version is its poll interval.
        - **What reads the Secrets**: how long the kubelet takes to put one into a pod is its own matter.
        - **Other architectures** than the machine's.
        """
}
