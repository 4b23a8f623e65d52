import Foundation
import TestSupport
import Testing
import Toolkit

@testable import manual

/// What the texts say of costs is what the tests of the bench hold.
@Suite("Figures in the texts", .timeLimited)
struct FigureTests {
  private struct Baseline: Decodable {
    struct Figure: Decodable { var median: UInt64 }
    var variants: [String: [String: Figure]]

    init(_ isa: String) throws {
      let path = DocumentedCommands.root.path + "/Tests/Baseline/bench-\(isa).json"
      self = try JSONDecoder().decode(Self.self, from: Files.contents(of: path))
    }

    /// The median of a figure of a variant.
    func value(_ variant: String, _ figure: String) throws -> UInt64 {
      try #require(variants[variant]?[figure], "\(variant) \(figure)").median
    }
  }

  /// A number as texts write it: `1,935`.
  private static func text(_ number: UInt64) -> String {
    "\(number)".reversed().enumerated().reduce(into: "") { text, digit in
      if digit.offset > 0, digit.offset % 3 == 0 { text = "," + text }
      text = "\(digit.element)" + text
    }
  }

  @Test("of paths on a Cortex-A57 are the baseline's medians, for either GIC")
  func paths() throws {
    let page = try Text("Sources/Manual/Pages/figures.md").source
    let baseline = try Baseline("armv8")
    func row(_ title: String, _ figures: [(variant: String, name: String)], in unit: UInt64 = 1) throws {
      let columns = try ["gic2", "gic3"].map { gic in
        try figures.map { figure in
          let value = try baseline.value("\(figure.variant)-\(gic)", figure.name)
          return Self.text((value + unit / 2) / unit) + (unit == 1000 ? " thousand" : "")
        }.joined(separator: "; ")
      }
      let line = "| \(title) | \(columns[0]) | \(columns[1]) |"
      #expect(page.contains(line), "\(line)")
    }
    for (title, name) in [
      ("null hypercall (PSCI_VERSION by HVC)", "null-hypercall-hvc"), ("unknown hypercall", "unknown-hypercall-hvc"),
      ("trapped GICD_TYPER read", "gicd-typer-read"), ("trapped GICD_ISENABLER write", "gicd-isenabler-write"),
      ("emulated UART register read", "uart-flags-read"),
      ("trapped identification register read", "id-register-read"),
      ("virtual timer's expiry to the guest's handler", "timer-to-spinning-handler"),
      ("SGI to oneself, to the handler", "sgi-to-own-handler"),
    ] {
      try row(title, [("static", name)])
    }
    let sleeping = "timer-to-sleeping-handler"
    try row(
      "the same out of WFI, CPU static; shared by round robin; by EDF",
      [("static", sleeping), ("round-robin", sleeping), ("earliest-deadline", sleeping)])
    try row(
      "out of WFI where another VM is busy on the CPU, by EDF, the change of vCPU included",
      [("preempt", "timer-to-preempting-handler")])
    try row("SGI to a vCPU on another CPU, one way", [("two-cpus", "sgi-to-spinning-vcpu")])
    try row("change of vCPU between two VMs, its timer interrupt included", [("switch", "vcpu-switch")])
    try row(
      "entry of the image to the first guest instruction", [("static", "reset-to-first-guest-instruction")], in: 1000)
  }

  @Test("of ARMv7 and of the images' sizes are the baseline's, and README says the same")
  func others() throws {
    // Words may be broken over lines.
    let page = try Text("Sources/Manual/Pages/figures.md").source.split(whereSeparator: \.isWhitespace)
      .joined(separator: " ")
    let (wide, narrow) = try (Baseline("armv8"), Baseline("armv7"))
    func kibibytes(_ baseline: Baseline, _ name: String) throws -> UInt64 {
      try (baseline.value("image", name) + 512) / 1024
    }
    let sizes = try [wide, narrow].map { try (kibibytes($0, "image-text"), kibibytes($0, "image-rodata")) }
    #expect(
      page.contains(
        "image has \(sizes[0].0) KiB of text and \(sizes[0].1) KiB of constants, the ARMv7 one \(sizes[1].0) KiB and \(sizes[1].1) KiB"
      ))
    let change = try narrow.value("switch-gic2", "vcpu-switch")
    let hypercall = try narrow.value("static-gic2", "null-hypercall-hvc")
    let timer = try narrow.value("static-gic2", "timer-to-spinning-handler")
    let preempting = Self.text(try narrow.value("preempt-gic2", "timer-to-preempting-handler"))
    #expect(
      page.contains(
        "a change of vCPU takes \(change), a null hypercall \(hypercall), the virtual timer's way to the handler \(timer), and \(preempting)"
      ))
    let linux = try ["linux-native-gic3", "linux-gic3"].map {
      try (wide.value($0, "linux-to-user-space") + 500_000) / 1_000_000
    }
    #expect(page.contains("\(linux[0]) million instructions on QEMU alone, \(linux[1]) million under TVisor"))
    let readme = try Text("README.md").source
    let costs = try (
      wide.value("static-gic2", "null-hypercall-hvc"), wide.value("static-gic2", "timer-to-spinning-handler")
    )
    #expect(
      readme.contains("hypercall in \(costs.0) instructions, the timer's expiry to the guest's handler in \(costs.1) "))
    #expect(readme.contains("\(sizes[0].0) KiB of code on ARMv8, \(sizes[1].0) KiB on ARMv7"))
  }
}
