import Foundation
import TestSupport
import Testing
import Toolkit

/// What a person may do to a system file by mistake or on purpose, and what the whole tool makes of it.
@Suite("Fuzzing: system files", .timeLimited)
struct SystemFileTests {
  private static let seeds = [
    """
    cpus:
      - {cpu: 0, policy: earliest-deadline, overhead: 5us}
      - {cpu: 1, policy: fixed-priority, slice: 1ms}
      - cpu: 2
        policy: cyclic
        frame: 10ms
        windows: [{vm: debian, vcpu: 1, at: 0, for: 4ms}, {vm: control, vcpu: 1, for: 5ms}]
    vms:
      - name: debian
        memory: 256MiB
        vcpus: [1, 2, {cpu: 0, simulate: bursts of 300us every 5ms}]
        raw: {path: guest.bin, address: 0x4008_0000, entry: 0x40080040}
        initrd: guest.bin
        bootargs: console=ttyAMA0
        devices: [/pl061@9030000, {path: /pl031@9010000, clock: 1MHz}]
      - name: control
        memory: 0x200000
        vcpus: [{cpu: 0, reserve: 200us every 1ms within 500us}, 2, {cpu: 1, priority: 7, simulate: 10us every 1ms}]
        firmware: guest.bin
    """,
    "a: &x [1, 'two', \"three\\n\"]\nb: *x\n? c\n: !!str |\n  text\n<<: *x\n",
  ]

  /// What stands where a number, a time or a path stood.
  private static let words = [
    "0", "1", "-1", "0us", "1ns", "1us", "0ms", "1ms", "10s", "18446744073709551615", "18446744073s",
    "0xffff_ffff_ffff_f000",
    "4294967296", "512GiB", "16777216GiB", "[]", "{}", "~", "''", "/dev/zero", ".", "*x", "busy", "idle",
    "1ns every 1ns",
    "bursts of 1ns every 1ns", "300us every 1ms after 18446744073s", "1us every 10s within 1us", "static", "cyclic",
  ]

  /// A file with some of its words replaced, and now and then some of its bytes changed.
  private func file(_ fuzzing: inout Fuzzing) -> String {
    guard fuzzing.below(4) > 0 else {
      return String(decoding: fuzzing.mutation(of: Self.seeds.map { Array($0.utf8) }), as: UTF8.self)
    }
    var text = Self.seeds[0]
    for _ in 0...fuzzing.below(3) {
      let places = text.ranges(of: /[0-9][A-Za-z0-9_]*|guest\.bin|earliest-deadline|fixed-priority/)
      text.replaceSubrange(fuzzing.pick(places), with: fuzzing.pick(Self.words))
    }
    return text
  }

  @Test(
    "whatever they say is checked and simulated, or refused with words; nothing traps, hangs or grows without bound")
  func everyStage() async throws {
    let folder = "\(NSTemporaryDirectory())/tvisor-fuzz-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data(count: 128).write(to: URL(fileURLWithPath: "\(folder)/guest.bin"))
    let bundler = Bundler(project: Project(root: URL(fileURLWithPath: folder)))
    var files: [String] = []
    Fuzzing.run("system files through the tool", 1_500) { files.append(file(&$0)) }
    var (bundled, simulated) = (0, 0)
    for text in files {
      do {
        let system = try SystemFile(parsing: SourceText(path: "\(folder)/s.yaml", text: text))
        if (try? Simulator(system).run(for: 20_000_000)) != nil { simulated += 1 }
        let bundle = try await bundler.bundle(system)
        bundled += 1
        _ = try await bundler.check(bundle)
      } catch let problems as Problems {
        if problems.problems.contains(where: \.message.isEmpty) { Issue.record("a problem without words:\n\(text)") }
      } catch let failure as Failure {
        if failure.description.isEmpty { Issue.record("a failure without words:\n\(text)") }
      }
    }
    #expect(bundled > 100)
    #expect(simulated > 100)
  }

  /// Files that are made to take long, and how many mistakes they have.
  private static let hostile: [(String, String)] = [
    ("lists in lists", "vms: " + String(repeating: "[", count: 100_000)),
    ("mappings in mappings", String(repeating: "{a: ", count: 100_000)),
    ("dashes", String(repeating: "- ", count: 100_000) + "a"),
    ("indentation", (0..<2_000).map { String(repeating: " ", count: $0) + "a:\n" }.joined()),
    ("laughs", "a0: &a0 [x, x]\n" + (1..<40).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }.joined()),
    ("laughing keys", "a0: &a0 [x, x]\n" + (1..<40).map { "? &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n: y\n" }.joined()),
    ("one long word", "vms: [{name: \(String(repeating: "x", count: 2_000_000))}]\n"),
    ("one long policy", "cpus: [{cpu: 0, policy: \(String(repeating: "x", count: 1_000_000))}]\n"),
    ("unknown keys", (0..<20_000).map { "k\($0): 1\n" }.joined()),
    ("many VMs", "vms:\n" + (0..<20_000).map { "  - {name: v\($0), memory: 2MiB, vcpus: [0], image: x}\n" }.joined()),
    ("many vCPUs", "vms: [{name: a, memory: 2MiB, image: x, vcpus: [\(String(repeating: "0, ", count: 50_000))0]}]\n"),
    (
      "many devices",
      "vms: [{name: a, memory: 2MiB, image: x, vcpus: [0], devices: [\(String(repeating: "/x, ", count: 50_000))/x]}]\n"
    ),
    ("an endless file as image", "vms: [{name: a, memory: 2MiB, vcpus: [0], image: /dev/zero}]\n"),
    ("a line that never ends", String(repeating: "x", count: 17 << 20)),
  ]

  @Test("that are made to take long are refused, in few words", arguments: hostile.indices)
  func madeToTakeLong(index: Int) async throws {
    let text = Self.hostile[index].1
    var said = ""
    do {
      let system = try SystemFile(parsing: SourceText(path: "s.yaml", text: text))
      _ = try await Bundler(project: Project(root: URL(fileURLWithPath: "/"))).bundle(system)
    } catch {
      said = "\(error)"
    }
    #expect(said.contains("s.yaml:"))
    #expect(said.utf8.count < 100_000, "\(Self.hostile[index].0)")
  }

  @Test(
    "with more vCPUs and work than can be simulated end with words",
    arguments: [
      "1us every 1ns", "1ns every 1ns", "bursts of 1ns every 1ns", "10s every 1us",
    ])
  func work(behaviour: String) throws {
    let text =
      "vms:\n"
      + (0..<2).map {
        "  - {name: v\($0), memory: 2MiB, vcpus: [{cpu: 0, simulate: \(behaviour)}], image: x}\n"
      }.joined()
    let simulator = Simulator(try SystemFile(parsing: SourceText(path: "s.yaml", text: text)))
    let error = #expect(throws: Failure.self) { try simulator.run(for: 10_000_000_000) }
    #expect(error?.description.contains("has too much to do") == true)
  }
}
