import LinuxIO
package import Observability

/// The resource usage of the process, under the names that Prometheus' client libraries use.
package enum ProcessMetrics {
    /// The current metrics. Those that come from /proc are missing if /proc cannot be read, for example because no
    /// descriptor is free.
    package static var current: [Metric] {
        var metrics = [
            Metric(
                .gauge, "process_open_fds", "Open file descriptors; only the first 4,096 are counted.",
                Double(ProcessFigures.openDescriptors)),
            Metric(
                .gauge, "process_max_fds", "Maximum number of open file descriptors.",
                Double(ProcessFigures.descriptorLimit)),
        ]
        if let time = ProcessFigures.startTime {
            metrics.append(
                Metric(.gauge, "process_start_time_seconds", "When the process started, in seconds since 1970.", time))
        }
        guard let figures = try? ProcessFigures.now() else { return metrics }
        return metrics + [
            Metric(
                .counter, "process_cpu_seconds_total", "User and system CPU time in seconds.", figures.cpu / .seconds(1)
            ),
            Metric(
                .gauge, "process_resident_memory_bytes", "Resident memory in bytes.", Double(figures.residentMemory)),
            Metric(.gauge, "process_virtual_memory_bytes", "Virtual memory in bytes.", Double(figures.virtualMemory)),
            Metric(.gauge, "process_threads", "Threads of the process.", Double(figures.threads)),
        ]
    }
}
