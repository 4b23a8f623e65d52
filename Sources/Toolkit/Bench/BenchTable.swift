/// The figures as people read them: for each interrupt controller a table with the paths below each other and the variants
/// beside each other, then figures that there are one of, and the image.
public struct BenchTable: CustomStringConvertible, Sendable {
  private let result: BenchResult
  private let baseline: BenchResult?
  private let variants: [BenchVariant]
  private let only: Set<String>

  /// A table of what `variants` measured, beside a baseline where there is one; only those figures where any are named.
  public init(_ result: BenchResult, of variants: [BenchVariant], beside baseline: BenchResult?, only: Set<String> = [])
  {
    self.result = result
    self.baseline = baseline
    self.variants = variants.filter { result.variants[$0.name] != nil }
    self.only = only
  }

  /// The tables.
  public var description: String {
    let versions = Set(variants.map(\.gic)).sorted(by: >)
    return (versions.flatMap { [paths(gic: $0), single(gic: $0)] } + [image, legend]).filter { !$0.isEmpty }
      .joined(separator: "\n\n")
  }

  private var legend: String {
    let names = variants.map { "  \(pad($0.name, -20)) \($0.summary)" }
    return """
      Medians, in instructions of the emulated CPU (QEMU, -icount) or bytes: not time, which needs hardware.
      * above the bar. The bar is the static CPU's where a shared one has another.
      \(names.joined(separator: "\n"))
      """
  }

  /// The paths below each other, the general variants beside each other.
  private func paths(gic: UInt64) -> String {
    let columns = variants.filter { $0.gic == gic && $0.isGeneral }
    let names = shown(in: columns.filter { !$0.isNative })
    guard !names.isEmpty else { return "" }
    var rows = [[title(gic: gic)] + columns.map { short($0.name) } + ["bar", "before", "change"]]
    for name in names {
      let subject =
        columns.first { $0.isStatic && result[$0.name, name] != nil }
        ?? columns.first { !$0.isNative && result[$0.name, name] != nil }
      rows.append([name] + columns.map { cell(name, in: $0) } + [bar(name, subject)] + change(name, subject))
    }
    return layout(rows)
  }

  private func title(gic: UInt64) -> String { gic == 0 ? "" : "GICv\(gic)" }

  /// The figures that only a variant of their own can have, a row for each.
  private func single(gic: UInt64) -> String {
    let known = Set(shown(in: variants.filter { $0.gic == gic && $0.isGeneral && !$0.isNative }))
    let own = variants.filter { $0.gic == gic && !$0.isGeneral && !$0.isNative }
    let rows = own.flatMap { variant in
      shown(in: [variant]).filter { !known.contains($0) }.map { name in
        let native = result[variant.nativeName, name].map { "\($0.median)" } ?? ""
        return [name, short(variant.name), native, cell(name, in: variant), bar(name, variant)] + change(name, variant)
      }
    }
    let head = [title(gic: gic), "variant", "native", "TVisor", "bar", "before", "change"]
    return rows.isEmpty ? "" : layout([head] + rows)
  }

  private func shown(in variants: [BenchVariant]) -> [String] {
    Self.order.filter { name in
      (only.isEmpty || only.contains(name)) && variants.contains { result[$0.name, name] != nil }
    }
  }

  private var image: String {
    guard let figures = result.variants["image"] else { return "" }
    let rows = figures.keys.sorted().filter { only.isEmpty || only.contains($0) }.map { name in
      let value = figures[name]?.median ?? 0
      let limit = variants.first.flatMap { _ in name == "image-bytes" ? UInt64(128 << 10) : nil }
      let before = baseline?["image", name]?.median
      return [
        name, "\(value)\((limit.map { value > $0 } ?? false) ? "*" : " ")", limit.map { "\($0)" } ?? "",
        before.map { "\($0)" } ?? "",
        before.map { BenchComparison.percent(Double(value) / Double(max($0, 1)) - 1) } ?? "",
      ]
    }
    return rows.isEmpty ? "" : layout([["image", "bytes", "bar", "before", "change"]] + rows)
  }

  private func cell(_ name: String, in variant: BenchVariant) -> String {
    guard let figure = result[variant.name, name] else { return "" }
    let isAbove = BenchBar.limit(of: name, in: variant).map { figure.median > $0 } ?? false
    return "\(figure.median)\(isAbove ? "*" : " ")"
  }

  private func bar(_ name: String, _ variant: BenchVariant?) -> String {
    variant.flatMap { BenchBar.limit(of: name, in: $0) }.map { "\($0)" } ?? ""
  }

  private func change(_ name: String, _ variant: BenchVariant?) -> [String] {
    guard let variant, let now = result[variant.name, name], let before = baseline?[variant.name, name] else {
      return ["", ""]
    }
    let row = BenchComparison.Row(variant: variant.name, name: name, before: before.median, now: now.median)
    return ["\(before.median)", BenchComparison.percent(row.change)]
  }

  private func short(_ name: String) -> String { String(name.split(separator: "-gic")[0]) }

  private func layout(_ rows: [[String]]) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
    return rows.map { row in
      row.enumerated().map { pad($1, $0 == 0 ? -widths[$0] : widths[$0]) }.joined(separator: "  ")
    }.joined(separator: "\n")
  }

  /// `text` in a column: at its right end, or for a negative width at its left.
  private func pad(_ text: String, _ width: Int) -> String {
    let space = String(repeating: " ", count: max(0, abs(width) - text.count))
    return width < 0 ? text + space : space + text
  }

  /// The figures in the order in which one wants to read them.
  public static let order = [
    "null-hypercall-hvc", "null-hypercall-smc", "unknown-hypercall-hvc", "gicd-typer-read", "gicd-isenabler-read",
    "gicd-isenabler-write", "gicd-isenabler-write-bit", "gicr-typer-read", "gicr-isenabler-write", "uart-flags-read",
    "id-register-read", "timer-to-spinning-handler", "timer-to-sleeping-handler", "timer-to-preempting-handler",
    "sgi-to-own-handler", "acknowledge", "end-of-interrupt", "sgi-to-spinning-vcpu", "sgi-to-sleeping-vcpu",
    "sgi-to-sleeping-vcpu-same-cpu",
    "vcpu-switch",
    "memory-first-touch", "memory-later-touch", "reset-to-first-guest-instruction", "hypervisor-memory",
    "linux-to-user-space",
  ]
}
