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

        // Pure: values in, values out. No threads, clocks or descriptors, except in Observability.
        library("JSON", ["COpenSSL"]),
        library("YAML", ["CLibYAML"]),
        library("Observability"),
        library("Scheduling"),
        library("Snapshots", ["COpenSSL", "CLinux", "Observability"]),
        library("Formats", ["JSON", "Observability", "Snapshots"]),
        library("Certificates", ["COpenSSL", "Snapshots"]),
        library("Kube", ["JSON", "Observability", "Scheduling"]),
        library("Distribution", ["Formats", "JSON", "Kube", "Observability", "Snapshots"]),
        library("ProviderClasses", ["Distribution", "Observability", "YAML"]),
        library("Kees", ["Formats", "Snapshots"]),
        library("Values", ["Certificates", "Distribution", "Formats", "Snapshots"]),
        library(
            "Planning", ["Certificates", "Distribution", "JSON", "Kube", "Observability", "Snapshots", "Values"]),

        library("Conversion", ["Distribution", "JSON", "Kees", "Observability", "YAML"]),

        // Edges: threads, descriptors, sockets.
        library("LinuxIO", ["CLinux"]),
        library("MountWatch", ["LinuxIO", "CLinux", "Observability", "Scheduling", "Snapshots"]),
        library("HTTPServer", ["CMicroHTTPD", "LinuxIO"]),
        library("KubeConfig", ["JSON", "Kube", "LinuxIO", "Observability", "YAML"]),
        library("KubeCurl", ["CCurl", "CLinux", "Kube", "LinuxIO", "Observability"]),
        library(
            "KubeRuntime", ["JSON", "Kube", "KubeConfig", "KubeCurl", "LinuxIO", "Observability", "Scheduling"]),

        // What the agent is made of.
        library(
            "Stores",
            [
                "Distribution", "Formats", "JSON", "Kees", "Kube", "KubeRuntime", "LinuxIO", "MountWatch",
                "Observability", "Planning", "ProviderClasses", "Snapshots", "Values", "YAML",
            ]
        ),
        library("Notify", ["JSON", "Kube", "KubeCurl", "LinuxIO", "Observability", "Scheduling"]),
        library(
            "Reconciler",
            [
                "Certificates", "Distribution", "Kube", "KubeRuntime", "LinuxIO", "MountWatch", "Observability",
                "Planning",
                "Scheduling", "Snapshots", "Stores", "Values",
            ]
        ),
        library("Admin", ["HTTPServer", "LinuxIO", "Observability"]),
        library("StatusPage", ["COpenSSL", "Distribution", "JSON", "Observability", "Reconciler"]),

        // The services that join the parts, and the program.
        library(
            "Agent",
            [
                "Admin", "Distribution", "HTTPServer", "Kees", "Kube", "KubeConfig", "KubeRuntime", "LinuxIO",
                "MountWatch", "Notify", "Observability", "Planning", "Reconciler", "Scheduling", "Snapshots",
                "StatusPage", "Stores",
            ]
        ),
        .executableTarget(
            name: "secrets-distributor",
            dependencies: [
                "Admin", "Agent", "CWipe", "Conversion", "Distribution", "Kube", "KubeConfig", "KubeRuntime", "LinuxIO",
                "Notify", "Observability", "Planning", "ProviderClasses", "Stores",
            ],
            swiftSettings: settings, linkerSettings: release
        ),

        // Tests.
        .target(
            name: "TestSupport",
            dependencies: [
                "COpenSSL", "HTTPServer", "JSON", "Kube", "KubeConfig", "KubeRuntime", "LinuxIO", "Observability",
            ],
            path: "Tests/TestSupport", swiftSettings: settings
        ),
        // Apart from TestSupport, which the benchmark links without Testing.
        .target(name: "TestTraits", path: "Tests/TestTraits", swiftSettings: settings),
        // Apart from TestSupport, so that a change of Stores does not rebuild all tests.
        .target(
            name: "DistributionSupport",
            dependencies: ["Distribution", "JSON", "Observability", "Planning", "Snapshots", "Stores", "TestSupport"],
            path: "Tests/DistributionSupport", swiftSettings: settings
        ),
        .executableTarget(
            name: "benchmark",
            dependencies: [
                "Distribution", "JSON", "Kube", "KubeConfig", "KubeRuntime", "Observability", "TestSupport", "YAML",
            ],
            path: "Tests/Benchmark", swiftSettings: settings
        ),
        .executableTarget(
            name: "counts",
            dependencies: [
                "CLinux", "Distribution", "JSON", "Kube", "LinuxIO", "Observability", "Planning", "Snapshots", "Stores",
            ],
            path: "Tests/Counts", exclude: ["baseline.json"], swiftSettings: settings
        ),
        tests("AdminTests", ["Admin", "LinuxIO", "Observability"]),
        tests("AgentTests", ["Agent", "Distribution", "Kube", "Observability", "Planning", "Stores"]),
        tests("BenchmarkTests", ["Observability", "benchmark"]),
        tests("CWipeTests", ["CWipe"]),
        tests("CertificatesTests", ["COpenSSL", "Certificates", "Snapshots"]),
        tests("ConversionTests", ["Conversion", "Distribution", "JSON", "YAML"]),
        tests("DistributionTests", ["Distribution", "DistributionSupport", "JSON"]),
        tests(
            "EndToEndTests",
            [
                "Admin", "Agent", "Distribution", "JSON", "Kube", "KubeConfig", "KubeRuntime", "LinuxIO",
                "Observability", "ProviderClasses", "Snapshots", "Stores", "YAML", "counts", "secrets-distributor",
            ]),
        tests("HTTPServerTests", ["HTTPServer", "LinuxIO"]),
        tests("JSONTests", ["JSON"]),
        tests("KeesTests", ["Formats", "Kees", "Snapshots"]),
        tests("KubeConfigTests", ["Kube", "KubeConfig", "KubeRuntime", "LinuxIO", "Observability"]),
        tests("KubeCurlTests", ["JSON", "Kube", "KubeConfig", "KubeCurl", "KubeRuntime", "Scheduling"]),
        tests(
            "KubeRuntimeTests",
            ["JSON", "Kube", "KubeConfig", "KubeRuntime", "LinuxIO", "Observability", "Scheduling"]),
        tests("KubeTests", ["JSON", "Kube", "LinuxIO", "Observability", "Scheduling"]),
        tests("LinuxIOTests", ["CLinux", "LinuxIO"]),
        tests("MountWatchTests", ["LinuxIO", "MountWatch", "Observability", "Snapshots"]),
        tests("ObservabilityTests", ["LinuxIO", "Observability"]),
        tests(
            "PlanningTests",
            [
                "Distribution", "DistributionSupport", "JSON", "Kube", "Observability", "Planning", "Snapshots",
                "Values",
            ]),
        tests("ProviderClassesTests", ["Distribution", "JSON", "ProviderClasses", "Stores"]),
        tests(
            "ReconcilerTests",
            [
                "Distribution", "DistributionSupport", "JSON", "Kube", "KubeRuntime", "MountWatch", "Observability",
                "Planning", "Reconciler", "Snapshots", "Stores",
            ]),
        tests("SchedulingTests", ["Scheduling"]),
        tests("SnapshotsTests", ["Observability", "Snapshots"]),
        tests("StatusPageTests", ["Admin", "Distribution", "Observability", "Reconciler", "StatusPage"]),
        tests(
            "StoresTests",
            [
                "Distribution", "DistributionSupport", "JSON", "Kube", "LinuxIO", "MountWatch", "Observability",
                "Planning", "ProviderClasses", "Snapshots", "Stores", "Values",
            ]),
        tests("NotifyTests", ["JSON", "LinuxIO", "Notify", "Scheduling"]),
        tests("FormatsTests", ["Formats", "JSON", "Snapshots"]),
        tests("ValuesTests", ["Distribution", "DistributionSupport", "JSON", "Snapshots", "Values"]),
        tests("YAMLTests", ["YAML"]),
        tests("secrets-distributorTests", ["Admin", "Agent", "LinuxIO", "secrets-distributor"]),
    ],
    swiftLanguageModes: [.v6]
)

// Only for Tests/Tools/fuzz: libFuzzer brings a `main` of its own, and the instrumentation is given by the caller.
if Context.environment["FUZZ"] != nil {
    let name = "secrets-distributor"
    // Without CWipe, which would take free(3) from the sanitizer.
    let program = package.targets.filter { $0.name == name }.flatMap(\.dependencies).filter { dependency in
        if case .byNameItem("CWipe", _) = dependency { false } else { true }
    }
    package.products = []
    package.targets.removeAll { $0.name == name }
    package.targets += [
        .target(name: name, dependencies: program, exclude: ["main.swift"], swiftSettings: settings),
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "Admin", "COpenSSL", "Certificates", "Conversion", "Distribution", "Formats", "JSON", "Kees", "Kube",
                "KubeConfig",
                "KubeCurl",
                "LinuxIO", "MountWatch", "Observability", "Planning", "ProviderClasses", "Snapshots", "StatusPage",
                "Stores", "YAML", "secrets-distributor",
            ],
            path: "Tests/Fuzz", exclude: ["corpus", "regressions"], swiftSettings: settings),
    ]
}

// The targets to build, separated by commas, with what they need and nothing else; without it all. Each sanitizer is for
// some of the test targets, see .ci/steps.
if let names = Context.environment["ONLY_TARGETS"] {
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
