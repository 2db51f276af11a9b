// swift-tools-version: 6.2
import PackageDescription

/// What every target is built with: warnings are errors.
let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// How the program is linked as it is shipped: equal functions once, and addresses that depend on where it is loaded as a
/// bit map (DT_RELR), a megabyte less; glibc knows that from 2.36 on (Debian 12, Ubuntu 24.04).
let release: [LinkerSetting] = [
    .unsafeFlags(
        ["-use-ld=lld", "-Xlinker", "--icf=safe", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs"],
        .when(configuration: .release))
]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestSupport", "TestTraits"], swiftSettings: settings)
}

let package = Package(
    name: "secrets-distributor",
    products: [.executable(name: "secrets-distributor", targets: ["secrets-distributor"])],
    dependencies: [],
    targets: [
        // System libraries: a module map and a one-page shim each.
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CMicroHTTPD", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),

        // Wipes what is freed, in the program that links it.
        .target(name: "CWipe"),

        // Pure: values in, values out. No threads, clocks or descriptors.
        library("Observability"),
        library("Snapshots", ["COpenSSL", "CLinux", "Observability"]),
        library("Scheduling"),
        library("YAML", ["CLibYAML"]),
        library("Certificates", ["COpenSSL"]),
        library("Distribution", ["Certificates", "Kube", "Observability", "Snapshots"]),
        library("Kube", ["Observability", "Scheduling"]),

        // Edges: threads, descriptors, sockets.
        library("LinuxIO", ["CLinux"]),
        library("MountWatch", ["LinuxIO", "CLinux", "Observability", "Scheduling", "Snapshots"]),
        library("HTTPServer", ["CMicroHTTPD", "LinuxIO"]),
        library("KubeCurl", ["CCurl", "CLinux", "Kube", "LinuxIO", "Observability", "Scheduling", "YAML"]),

        // The services that join the parts, and the program.
        library(
            "Agent",
            [
                "COpenSSL", "Distribution", "HTTPServer", "Kube", "KubeCurl", "LinuxIO", "MountWatch", "Observability",
                "Scheduling",
                "Snapshots", "YAML",
            ]
        ),
        .executableTarget(
            name: "secrets-distributor",
            dependencies: ["Agent", "CWipe", "Distribution", "Kube", "LinuxIO", "Observability"],
            swiftSettings: settings, linkerSettings: release
        ),

        // Tests.
        .target(
            name: "TestSupport",
            dependencies: ["COpenSSL", "HTTPServer", "Kube", "KubeCurl", "LinuxIO", "Observability"],
            path: "Tests/TestSupport",
            swiftSettings: settings
        ),
        // Apart from TestSupport, which the benchmark links without Testing.
        .target(name: "TestTraits", path: "Tests/TestTraits", swiftSettings: settings),
        .executableTarget(
            name: "benchmark",
            dependencies: ["TestSupport", "Kube", "KubeCurl", "LinuxIO", "Observability", "YAML"],
            path: "Tests/Benchmark", swiftSettings: settings
        ),
        .executableTarget(
            name: "counts",
            dependencies: ["Agent", "CLinux", "Distribution", "Kube", "LinuxIO", "Observability", "Snapshots"],
            path: "Tests/Counts", exclude: ["baseline.json"], swiftSettings: settings
        ),
        tests("BenchmarkTests", ["benchmark"]),
        tests("CWipeTests", ["CWipe"]),
        tests("ObservabilityTests", ["LinuxIO", "Observability"]),
        tests("SnapshotsTests", ["Snapshots"]),
        tests("CertificatesTests", ["Certificates", "COpenSSL"]),
        tests("SchedulingTests", ["Scheduling"]),
        tests("YAMLTests", ["YAML"]),
        tests("DistributionTests", ["Distribution", "Kube", "Observability", "Snapshots"]),
        tests("KubeTests", ["Kube", "Observability", "Scheduling"]),
        tests("LinuxIOTests", ["LinuxIO", "CLinux"]),
        tests("HTTPServerTests", ["HTTPServer", "LinuxIO"]),
        tests("MountWatchTests", ["MountWatch", "LinuxIO", "Observability", "Scheduling", "Snapshots"]),
        tests("KubeCurlTests", ["KubeCurl", "Kube", "LinuxIO", "Scheduling", "Observability"]),
        tests(
            "AgentTests",
            [
                "Agent", "Distribution", "HTTPServer", "Kube", "KubeCurl", "LinuxIO", "MountWatch", "Observability",
                "Scheduling", "Snapshots",
            ]
        ),
        tests("secrets-distributorTests", ["secrets-distributor", "Agent"]),
        tests(
            "EndToEndTests",
            ["secrets-distributor", "counts", "Agent", "Distribution", "Kube", "KubeCurl", "Observability", "YAML"]),
    ],
    swiftLanguageModes: [.v6]
)

// The test targets to build, separated by commas, with what they need and nothing else; without it all. A sanitizer is for
// some of them, see .ci/steps.
if let names = Context.environment["TEST_TARGETS"] {
    var needed = Set(names.split(separator: ",").map(String.init))
    var count = 0
    while count != needed.count {
        count = needed.count
        for target in package.targets where needed.contains(target.name) {
            for case .byNameItem(let name, _) in target.dependencies { needed.insert(name) }
        }
    }
    package.targets.removeAll { !needed.contains($0.name) }
    package.products = []
}

// Only with libFuzzer, see Tests/Tools/fuzz: it brings the instrumentation and a `main` that the program must leave to it.
if Context.environment["FUZZ"] != nil {
    let name = "secrets-distributor"
    // Without CWipe, which would take free(3) from the sanitizer.
    let program = package.targets.filter { $0.name == name }.flatMap(\.dependencies).filter { dependency in
        if case .byNameItem("CWipe", _) = dependency { false } else { true }
    }
    package.products = []
    package.targets.removeAll { $0.name == name || $0.isTest }
    package.targets += [
        .target(name: name, dependencies: program, exclude: ["main.swift"], swiftSettings: settings),
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "secrets-distributor", "Agent", "COpenSSL", "Certificates", "Distribution", "Kube", "KubeCurl",
                "MountWatch", "Observability", "Snapshots", "YAML",
            ],
            path: "Tests/Fuzz", exclude: ["corpus", "regressions"], swiftSettings: settings),
    ]
}
