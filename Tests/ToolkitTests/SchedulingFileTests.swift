import Scheduling
import TestSupport
import Testing
import Toolkit

/// A file with every word about scheduling.
private let complete = """
  cpus:
    - {cpu: 0, policy: earliest-deadline, slice: 500us, overhead: 2us}
    - cpu: 1
      policy: cyclic
      frame: 10ms
      windows:
        - {vm: rtos, for: 4ms}
        - {vm: linux, vcpu: 1, for: 3ms}
        - {vm: rtos, at: 8ms, for: 500 us}
    - {cpu: 2, policy: static}
  vms:
    - name: linux
      memory: 64MiB
      vcpus:
        - 2
        - 1
        - {cpu: 0, reserve: 200us every 1ms within 500us, priority: 0x10, simulate: 150us every 1ms}
      image: Image
    - name: rtos
      memory: 64MiB
      vcpus: [{cpu: 1, simulate: busy}, {cpu: 0, reserve: 1 ms every 20 ms}]
      image: Image
  """

/// The places and messages of the mistakes in a text.
private func mistakes(in text: String) -> [String] {
  do {
    _ = try SystemFile(parsing: SourceText(path: "s.yaml", text: text))
    return []
  } catch let problems as Problems {
    return problems.problems.map { "\($0.position.line):\($0.position.column) \($0.message)" }
  } catch {
    return ["\(error)"]
  }
}

/// A system with one CPU's entry and one VM's vCPUs.
private func system(cpu: String = "{cpu: 0}", vcpus: String = "[0]") -> String {
  "cpus: [\(cpu)]\nvms:\n  - {name: a, memory: 64MiB, image: x, vcpus: \(vcpus)}\n"
}

@Suite("Scheduling in a system file", .timeLimited)
struct SchedulingFileTests {
  @Test("is read with all that it says")
  func everything() throws {
    let system = try SystemFile(parsing: SourceText(path: "s.yaml", text: complete))
    let first = system.processors[0]
    #expect(first.policy.value == .earliestDeadline)
    #expect((first.slice?.value, first.overhead?.value) == (500_000, 2000))
    let table = system.processors[1]
    #expect(table.policy.value == .cyclic)
    #expect(table.frame?.value == 10_000_000)
    #expect(table.windows.map(\.machine.value) == ["rtos", "linux", "rtos"])
    #expect(table.windows.map(\.virtualCPU.value) == [0, 1, 0])
    // A window that does not say when begins where the one before it ends.
    #expect(table.windows.map(\.start.value) == [0, 4_000_000, 8_000_000])
    #expect(table.windows.map(\.length.value) == [4_000_000, 3_000_000, 500_000])
    #expect(system.processors[2].policy.value == .static)

    let linux = system.machines[0].virtualCPUs
    #expect(linux.map(\.processor.value) == [2, 1, 0])
    #expect(linux[0].reservation == nil)
    let reservation = linux[2].reservation?.value
    #expect((reservation?.budget, reservation?.period, reservation?.deadline) == (200_000, 1_000_000, 500_000))
    #expect(linux[2].reservation?.position == Position(line: 17, column: 27))
    #expect(linux[2].priority?.value == 16)
    #expect(linux[2].behaviour?.value == .periodic(work: 150_000, period: 1_000_000, offset: 0, deadline: 1_000_000))
    let rtos = system.machines[1].virtualCPUs
    #expect(rtos[0].behaviour?.value == .busy)
    let slow = rtos[1].reservation?.value
    #expect((slow?.budget, slow?.period, slow?.deadline) == (1_000_000, 20_000_000, 20_000_000))
  }

  @Test("needs none of it: a CPU without a word has round robin")
  func defaults() throws {
    let system = try SystemFile(parsing: SourceText(path: "s.yaml", text: system()))
    #expect(system.processors[0].policy.value == .roundRobin)
    #expect(system.processors[0].slice == nil)
    #expect(system.processors[0].windows.isEmpty)
    #expect(system.machines[0].virtualCPUs[0].priority == nil)
  }

  @Test(
    "has each mistake reported at its place",
    arguments: [
      (system(cpu: "{cpu: 0, polcy: static}"), "1:17 unknown key 'polcy' in a CPU; did you mean 'policy'?"),
      (
        system(cpu: "{cpu: 0, policy: earliest-dedline}"),
        "1:25 'earliest-dedline' is no policy; did you mean 'earliest-deadline'?"
      ),
      (
        system(cpu: "{cpu: 0, policy: cyclic}"),
        "1:25 cyclic needs a table; add for example `frame: 10ms` and `windows: [{vm: linux, at: 0, for: 4ms}]`"
      ),
      (
        system(cpu: "{cpu: 0, frame: 10ms}"),
        "1:24 'frame' and 'windows' are for `policy: cyclic`; choose that, or take them out"
      ),
      (
        system(cpu: "{cpu: 0, policy: static, slice: 1ms}"),
        "1:40 nobody takes turns under static, so there is no slice; take it out"
      ),
      (
        system(cpu: "{cpu: 0, policy: cyclic, frame: 10ms, windows: [{vm: aa, for: 1ms}]}"),
        "1:61 there is no VM 'aa'; did you mean 'a'?"
      ),
      (
        system(cpu: "{cpu: 0, policy: cyclic, frame: 10ms, windows: [{vm: a, vcpu: 1, for: 1ms}]}"),
        "1:70 there is no vCPU 1; a has 1 vCPU, counted from 0"
      ),
      (
        system(cpu: "{cpu: 0, policy: cyclic, frame: 10ms, windows: [{vm: a}]}"),
        "1:56 a window needs 'for'; add for example `for: 4ms`"
      ),
      (
        system(vcpus: "[{cpu: 0, budget: 1ms}]"),
        "3:57 unknown key 'budget' in a vCPU; known are: cpu, reserve, priority, simulate"
      ),
      (system(vcpus: "[{priority: 1}]"), "3:48 a vCPU needs 'cpu'; add for example `cpu: 0`"),
      (
        system(vcpus: "[{cpu: 0, reserve: 200us}]"),
        "3:66 a reservation needs a period: 'every' and a time; write for example `200us every 1ms`"
      ),
      (
        system(vcpus: "[{cpu: 0, reserve: 200 every 1ms}]"),
        "3:66 cannot read '200 every 1ms'; write for example `200us every 1ms`"
      ),
      (system(vcpus: "[{cpu: 0, reserve: 200us evry 1ms}]"), "3:66 'evry' means nothing here; did you mean 'every'?"),
      (
        system(vcpus: "[{cpu: 0, reserve: 200us every}]"),
        "3:66 'every' needs a time after it, such as 1ms; write for example `200us every 1ms`"
      ),
      (
        system(vcpus: "[{cpu: 0, reserve: 200us every 1ms every 2ms}]"),
        "3:66 'every' is said twice; keep one"
      ),
      (
        system(vcpus: "[{cpu: 0, priority: 256}]"),
        "3:67 'priority' goes from 0 to 255; write for example `priority: 100`"
      ),
      (system(vcpus: "[{cpu: 0, simulate: bussy}]"), "3:67 'bussy' is no behaviour; did you mean 'busy'?"),
    ])
  func single(text: String, expected: String) {
    #expect(mistakes(in: text) == [expected])
  }
}

@Suite("Behaviours", .timeLimited)
struct BehaviourTests {
  @Test(
    "are read and written the same way",
    arguments: [
      ("busy", .busy), ("idle", .idle),
      ("150us every 1ms", .periodic(work: 150_000, period: 1_000_000, offset: 0, deadline: 1_000_000)),
      (
        "1ms every 5ms after 2ms within 3ms",
        .periodic(work: 1_000_000, period: 5_000_000, offset: 2_000_000, deadline: 3_000_000)
      ),
      ("20us every 37us busy-from 50ms", .settling(work: 20_000, period: 37_000, busyFrom: 50_000_000)),
      ("bursts of 300us every 5ms", .bursty(work: 300_000, gap: 5_000_000, seed: 1)),
      ("bursts of 300us every 5ms seed 7", .bursty(work: 300_000, gap: 5_000_000, seed: 7)),
    ] as [(String, Behaviour)])
  func roundTrip(text: String, behaviour: Behaviour) throws {
    #expect(try Behaviour(text) == behaviour)
    #expect(behaviour.description == text)
  }

  @Test(
    "that mean nothing are refused with an example",
    arguments: [
      ("", "'' is no behaviour; write `busy`, `idle`, `150us every 1ms` or `bursts of 300us every 5ms`"),
      (
        "0us every 1ms",
        "a periodic job needs a length and, after 'every', a period; write for example `150us every 1ms`"
      ),
      (
        "1us every 0us",
        "a periodic job needs a length and, after 'every', a period; write for example `150us every 1ms`"
      ),
      ("1us", "a periodic job needs a length and, after 'every', a period; write for example `150us every 1ms`"),
      ("bursts", "'bursts' needs a length; write for example `bursts of 300us every 5ms`"),
      (
        "bursts of 1ms",
        "bursts need a length and, after 'every', a mean time between them; write for example `bursts of 300us every 5ms`"
      ),
      (
        "bursts of 1ms every 5ms seed x",
        "'seed' needs a number after it and stands last; write for example `bursts of 300us every 5ms seed 7`"
      ),
    ])
  func refused(text: String, message: String) {
    #expect(throws: Failure(message)) { try Behaviour(text) }
  }
}
