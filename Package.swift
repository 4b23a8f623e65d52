// swift-tools-version: 6.2
// The manifest is the dependency law of the house: a target sees only the modules that it names here.

import PackageDescription

/// Set by the tool while it builds for bare metal, to the instruction set: `armv7` or `armv8`. The images (the hypervisor
/// and our own guests) have no `main` that a host could link, and the host tool's libraries have no business in an image.
let bareMetal = Context.environment["TVISOR_BARE_METAL"]

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

/// What runs once at boot is built small; what a guest's exits pass through is built fast. Kernel has both: it is built small,
/// and its functions on the way of an exit say `@_optimize(speed)`; the bench tells where one is missing. For an image the
/// toolsets have the compiler leave bitcode, of which the linker makes code for all modules together: what one module has
/// specialised of another's is there once, and what nobody calls is gone.
let small: [SwiftSetting] = [.unsafeFlags(["-Osize"], .when(configuration: .release))]

/// A Swift target of the house, with the strict settings that all of them share.
func module(
  _ name: String, _ path: String, needs dependencies: [Target.Dependency] = [], exclude: [String] = [],
  isSmall: Bool = false
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: path, exclude: exclude, swiftSettings: strict + (isSmall ? small : [])
  )
}

/// The host tests of one module, in the folder of the same name.
func tests(_ name: String, needs dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: strict)
}

var targets: [Target] = [
  // The seam: protocols and plain values. Imports nothing.
  module("Architecture", "Sources/Architecture"),

  // Pure models. None of them imports another: Kernel joins them.
  module("Virtualization", "Sources/Virtualization", needs: ["Architecture"]),
  module("Scheduling", "Sources/Scheduling", needs: ["Architecture"]),

  // libfdt, its safe face, and what the two kinds of tree mean to us.
  .systemLibrary(name: "CLibFDT", path: "Sources/CLibFDT"),
  module("DeviceTree", "Sources/DeviceTree", needs: ["Architecture", "CLibFDT"], isSmall: true),
  module("Configuration", "Sources/Configuration", needs: ["Architecture", "DeviceTree", "Drivers"], isSmall: true),

  // Joins what the bundle says with the policies: the one list of who runs where, for boot and for the host tool.
  module(
    "Planning", "Sources/Planning", needs: ["Architecture", "Configuration", "DeviceTree", "Scheduling"], isSmall: true),

  // What the backends share: they know the seam and their own assembly, never the models.
  .target(name: "ArmRegisters", path: "arch/common/asm"),
  module("ArmCommon", "arch/common", needs: ["Architecture", "ArmRegisters"], exclude: ["asm"]),

  // Host drivers, matched by `compatible`.
  module("Drivers", "platforms/drivers", needs: ["Architecture", "ArmRegisters"], isSmall: true),
]

/// The backend of an instruction set. On the host each has its own name, so that tests reach its decoders; an image has
/// exactly one, which goes by the name of Backend: what needs a backend need not know which.
func backend(_ name: String, isa: String, as alias: String? = nil) -> [Target] {
  [
    .target(name: "\(name)Assembly", path: "arch/\(isa)/asm"),
    module(
      alias ?? name, "arch/\(isa)",
      needs: ["Architecture", "ArmCommon", "ArmRegisters", .byName(name: "\(name)Assembly")], exclude: ["asm"]),
  ]
}

var products: [Product] = []
var dependencies: [Package.Dependency] = []

if let bareMetal {
  products += [
    .executable(name: "tvisor-\(bareMetal)", targets: ["Boot"]),
    .executable(name: "metronome", targets: ["Metronome"]),
    .executable(name: "hostile", targets: ["Hostile"]),
    .executable(name: "bench", targets: ["Bench"]),
    .executable(name: "fuzz", targets: ["Fuzz"]),
    .executable(name: "witness", targets: ["Witness"]),
    .executable(name: "disturb", targets: ["Disturb"]),
    .executable(name: "loop", targets: ["Loop"]),
    .executable(name: "walk", targets: ["Walk"]),
  ]
  targets += backend(bareMetal == "armv7" ? "ARMv7" : "ARMv8", isa: bareMetal, as: "Backend")
  targets += [
    // What runs for ever: joins the models, and knows nothing of how the system was described or built.
    module(
      "Kernel", "Sources/Kernel",
      needs: [
        "Architecture", "ArmCommon", "ArmRegisters", "Backend", "Drivers", "Scheduling", "Virtualization",
      ], isSmall: true),

    // What runs once, up to the first guest, and the panic. Nobody imports it.
    .target(name: "Entry", path: "boot/entry"),
    .executableTarget(
      name: "Boot",
      dependencies: [
        "Architecture", "ArmCommon", "ArmRegisters", "Backend", "Configuration", "DeviceTree", "Drivers", "Entry",
        "Kernel", "Planning", "Scheduling", "Virtualization",
      ],
      path: "boot", exclude: ["entry", "include", "link", "release", "setup", "toolsets"], swiftSettings: strict + small
    ),

    // Our own guests: bare-metal programs at EL1, which know nothing of the hypervisor's modules.
    .target(name: "GuestEntry", path: "Sources/Guests/Entry"),
    module("GuestSupport", "Sources/Guests/Support", needs: ["GuestEntry"]),
  ]
  for guest in ["Metronome", "Hostile", "Bench", "Fuzz", "Witness", "Disturb", "Loop", "Walk"] {
    // The registers that one attacks are the instruction set's own.
    let others = ["Hostile", "Fuzz", "Walk"].contains(guest) ? [bareMetal == "armv7" ? "armv8" : "armv7"] : []
    targets.append(
      .executableTarget(
        name: guest, dependencies: ["GuestEntry", "GuestSupport"], path: "Sources/Guests/\(guest)", exclude: others,
        swiftSettings: strict))
  }
} else {
  products.append(.executable(name: "tvisor", targets: ["tvisor"]))
  dependencies += [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ]
  targets += backend("ARMv8", isa: "armv8") + backend("ARMv7", isa: "armv7")
  targets += [
    // What the tool does, as a library that tests can call; the executable is its command line.
    .target(
      name: "Toolkit",
      dependencies: [
        "ARMv7", "Architecture", "ArmCommon", "Configuration", "DeviceTree", "Drivers", "Planning", "Scheduling",
        "Yams",
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "Sources/Toolkit", swiftSettings: strict),
    .executableTarget(
      name: "tvisor",
      dependencies: ["Toolkit", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Sources/tvisor", swiftSettings: strict),

    // Makes the manual's site of its pages, and of what the tool knows: `make manual`.
    .executableTarget(
      name: "manual",
      dependencies: ["Toolkit", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Sources/Manual", exclude: ["Pages", "manual.css"], swiftSettings: strict),

    // Makes mistakes and looks whether the tests notice: `make mutants`.
    .executableTarget(
      name: "mutants",
      dependencies: [
        "Toolkit", "Yams", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "Tests/Mutants", exclude: ["Seeds"], swiftSettings: strict),
    .target(
      name: "TestSupport", dependencies: ["Architecture", "DeviceTree"], path: "Tests/Support", swiftSettings: strict),
    tests("ArchitectureTests", needs: ["Architecture", "TestSupport"]),
    tests("VirtualizationTests", needs: ["Virtualization", "Architecture", "TestSupport"]),
    tests("SchedulingTests", needs: ["Scheduling", "Architecture", "TestSupport"]),
    tests("DeviceTreeTests", needs: ["DeviceTree", "Architecture", "TestSupport"]),
    tests("ConfigurationTests", needs: ["Configuration", "DeviceTree", "Drivers", "Architecture", "TestSupport"]),
    tests(
      "PlanningTests", needs: ["Planning", "Scheduling", "Configuration", "DeviceTree", "Architecture", "TestSupport"]),
    tests("ArmCommonTests", needs: ["ArmCommon", "Architecture", "TestSupport"]),
    tests("DriversTests", needs: ["Drivers", "TestSupport"]),
    tests("ARMv8Tests", needs: ["ARMv8", "ArmCommon", "Architecture", "TestSupport"]),
    tests("ARMv7Tests", needs: ["ARMv7", "ArmCommon", "Architecture", "TestSupport"]),
    tests(
      "ToolkitTests",
      needs: [
        "Toolkit", "tvisor", "Configuration", "Scheduling", "DeviceTree", "Architecture", "TestSupport", "Yams",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    tests(
      "FuzzTests",
      needs: [
        "Architecture", "Virtualization", "ArmCommon", "ARMv8", "ARMv7", "DeviceTree", "Configuration", "Toolkit",
        "TestSupport",
      ]),
    tests("ManualTests", needs: ["manual", "Toolkit", "Scheduling", "TestSupport"]),
    tests("MutantsTests", needs: ["mutants", "Toolkit", "TestSupport"]),
    tests("SystemTests", needs: ["Toolkit", "manual", "tvisor", "TestSupport"]),
  ]
}

let package = Package(name: "TVisor", products: products, dependencies: dependencies, targets: targets)
