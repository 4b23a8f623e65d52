import Architecture
import TestSupport
import Testing

@testable import Virtualization

// Identifiers and values as DEN 0022D §5.1 and §5.2.2 have them.
private let success: UInt64 = 0
private let notSupported: UInt64 = 0xffff_ffff_ffff_ffff
private let invalidParameters: UInt64 = 0xffff_ffff_ffff_fffe
private let alreadyOn: UInt64 = 0xffff_ffff_ffff_fffc
private let onPending: UInt64 = 0xffff_ffff_ffff_fffb
private let invalidAddress: UInt64 = 0xffff_ffff_ffff_fff7

/// A VM whose vCPU 0 runs, with 1 GiB of RAM at 1 GiB.
private func firmware(vcpuCount: Int = 4) throws -> PowerController {
  var arena = TestArena()
  var controller = try PowerController(vcpuCount: vcpuCount, in: &arena)
  controller.reset()
  controller.ran(0)
  return controller
}

extension PowerController {
  fileprivate mutating func call(
    _ function: UInt64, _ first: UInt64 = 0, _ second: UInt64 = 0, _ third: UInt64 = 0, from caller: Int = 0
  ) -> FirmwareAnswer {
    answer(FirmwareCall(function, first, second, third), from: caller) { address in
      (0x4000_0000..<0x8000_0000).contains(address.rawValue)
    }
  }
}

@Suite("Firmware: what there is", .timeLimited)
struct FirmwareVersionTests {
  @Test("The versions are PSCI 1.1 and SMCCC 1.2, and there is no trusted OS to migrate")
  func versions() throws {
    var firmware = try firmware()
    #expect(firmware.call(0x8400_0000) == .result(0x0001_0001))
    #expect(firmware.call(0x8000_0000) == .result(0x0001_0002))
    #expect(firmware.call(0x8400_0006) == .result(2))
  }

  @Test("The identifier is in W0: the upper half of X0 says nothing")
  func upperHalf() throws {
    var firmware = try firmware()
    #expect(firmware.call(0xdead_beef_8400_0000) == .result(0x0001_0001))
  }

  @Test(
    "Every mandatory call and those of ours that are optional are said to be there",
    arguments: [
      0x8400_0000, 0x8400_0001, 0xc400_0001, 0x8400_0002, 0x8400_0003, 0xc400_0003, 0x8400_0004, 0xc400_0004,
      0x8400_0006, 0x8400_0008, 0x8400_0009, 0x8400_000a, 0x8400_0012, 0xc400_0012, 0x8000_0000,
    ] as [UInt64])
  func features(function: UInt64) throws {
    var firmware = try firmware()
    #expect(firmware.call(0x8400_000a, function) == .result(success))
  }

  @Test(
    "What there is not answers NOT_SUPPORTED, and PSCI_FEATURES says so too",
    arguments: [
      0x8400_0005, 0xc400_0005, 0x8400_0007, 0xc400_0007,  // MIGRATE, MIGRATE_INFO_UP_CPU
      0x8400_000e, 0xc400_000e, 0x8400_000f, 0x8400_0010, 0x8400_0013,  // SYSTEM_SUSPEND and other optional calls
      0x8400_0050,  // TRNG_VERSION
      0xc400_0000, 0xc400_0002, 0xc400_0008,  // calls that have no 64-bit form
      0x8600_ff01, 0xc600_0001,  // vendor's hypervisor services
      0xc500_0020,  // PV_TIME_FEATURES
      0x0000_0000, 0x8400_ffff, 0xffff_ffff,
    ] as [UInt64])
  func absent(function: UInt64) throws {
    var firmware = try firmware()
    #expect(firmware.call(function) == .result(notSupported))
    #expect(firmware.call(0x8400_000a, function) == .result(notSupported))
  }

  @Test(
    "No workaround is promised",
    arguments: [
      (0x8000_8000, false), (0x8000_7fff, false), (0x8000_3fff, false), (0x8000_0002, false),
      (0x8000_0000, true), (0x8000_0001, true),
    ] as [(UInt64, Bool)])
  func architectureFeatures(function: UInt64, isThere: Bool) throws {
    var firmware = try firmware()
    #expect(firmware.call(0x8000_0001, function) == .result(isThere ? success : notSupported))
  }

  @Test("System calls stop or restart the VM; a reset of an unknown type does not")
  func system() throws {
    var firmware = try firmware()
    #expect(firmware.call(0x8400_0008) == .systemOff)
    #expect(firmware.call(0x8400_0009) == .systemReset)
    #expect(firmware.call(0x8400_0012, 0, 0x1234) == .systemReset)
    #expect(firmware.call(0xc400_0012, 0, 0x1234) == .systemReset)
    #expect(firmware.call(0xc400_0012, 1) == .result(invalidParameters))
    #expect(firmware.call(0xc400_0012, 0x8000_0000) == .result(invalidParameters))
  }
}

@Suite("Firmware: vCPUs", .timeLimited)
struct PowerStateTests {
  @Test("A vCPU goes from off by way of pending to on, and CPU_ON and AFFINITY_INFO say which it is")
  func lifeCycle() throws {
    var firmware = try firmware()
    #expect(firmware.call(0xc400_0004, 1, 0) == .result(1))
    #expect(firmware.call(0xc400_0003, 1, 0x4008_0000, 42) == .start(vcpu: 1, entry: 0x4008_0000, context: 42))
    #expect(firmware.call(0xc400_0004, 1, 0) == .result(2))
    #expect(firmware.call(0xc400_0003, 1, 0x4008_0000, 42) == .result(onPending))
    firmware.ran(1)
    #expect(firmware.call(0xc400_0004, 1, 0) == .result(0))
    #expect(firmware.call(0xc400_0003, 1, 0x4008_0000, 42) == .result(alreadyOn))
    #expect(firmware.call(0x8400_0002, from: 1) == .off)
    #expect(firmware.call(0xc400_0004, 1, 0) == .result(1))
    #expect(firmware.call(0xc400_0003, 1, 0x4008_0000, 43) == .start(vcpu: 1, entry: 0x4008_0000, context: 43))
  }

  @Test(
    "CPU_ON refuses a vCPU that is not there and bits that are no affinity",
    arguments: [4, 0x100, 0x1_0000, 0x1_0000_0000, 0x8000_0001, 0x100_0000_0001, .max] as [UInt64])
  func noSuchCPU(target: UInt64) throws {
    var firmware = try firmware()
    #expect(firmware.call(0xc400_0003, target, 0x4008_0000) == .result(invalidParameters))
    #expect(firmware.call(0xc400_0004, target, 0) == .result(invalidParameters))
  }

  @Test(
    "CPU_ON refuses an entry outside RAM or between instructions, and the vCPU stays off",
    arguments: [0, 0x0900_0000, 0x8000_0000, 0x4000_0001, 0x4000_0002, 0x4000_0003, .max] as [UInt64])
  func badEntry(entry: UInt64) throws {
    var firmware = try firmware()
    #expect(firmware.call(0xc400_0003, 1, entry) == .result(invalidAddress))
    #expect(firmware.state(of: 1) == .off)
  }

  @Test("The 32-bit form looks at the low halves of its arguments only")
  func narrow() throws {
    var firmware = try firmware()
    #expect(
      firmware.call(0x8400_0003, 0xffff_ffff_0000_0002, 0xffff_ffff_4008_0000, 0xffff_ffff_0000_0007)
        == .start(vcpu: 2, entry: 0x4008_0000, context: 7))
    #expect(firmware.call(0x8400_0004, 0xffff_ffff_0000_0002, 0xffff_ffff_0000_0000) == .result(2))
  }

  @Test("vCPU 16 is at Aff1 = 1, Aff0 = 0")
  func affinity() throws {
    var firmware = try firmware(vcpuCount: 18)
    #expect(firmware.call(0xc400_0003, 0x101, 0x4008_0000) == .start(vcpu: 17, entry: 0x4008_0000, context: 0))
    #expect(firmware.call(0xc400_0003, 0x11, 0x4008_0000) == .result(invalidParameters))
    #expect(Affinity.multiprocessorID(of: 0) == 0x8000_0000)
    #expect(Affinity.multiprocessorID(of: 17) == 0x8000_0101)
    for index in 0..<256 { #expect(Affinity.index(of: Affinity.fields(of: index)) == index) }
  }

  @Test("AFFINITY_INFO of a higher level is about all the vCPUs in it")
  func affinityLevels() throws {
    var firmware = try firmware(vcpuCount: 18)
    #expect(firmware.call(0xc400_0004, 0x000, 1) == .result(0))
    #expect(firmware.call(0xc400_0004, 0x100, 1) == .result(1))
    #expect(firmware.call(0xc400_0003, 0x101, 0x4008_0000) == .start(vcpu: 17, entry: 0x4008_0000, context: 0))
    #expect(firmware.call(0xc400_0004, 0x100, 1) == .result(2))
    // Whichever of them it is that is about to be on, and then is.
    _ = firmware.call(0x8400_0002, from: 17)
    #expect(firmware.call(0xc400_0004, 0x100, 1) == .result(1))
    #expect(firmware.call(0xc400_0003, 0x100, 0x4008_0000) == .start(vcpu: 16, entry: 0x4008_0000, context: 0))
    #expect(firmware.call(0xc400_0004, 0x100, 1) == .result(2))
    firmware.ran(16)
    #expect(firmware.call(0xc400_0004, 0x100, 1) == .result(0))
    #expect(firmware.call(0xc400_0004, 0x200, 1) == .result(invalidParameters))
    #expect(firmware.call(0xc400_0004, 0x100, 2) == .result(0))
    #expect(firmware.call(0xc400_0004, 0x000, 4) == .result(invalidParameters))
  }

  @Test("A vCPU in CPU_SUSPEND is on to others, until it runs again")
  func suspend() throws {
    var firmware = try firmware()
    #expect(firmware.call(0xc400_0001, 0x0000_0000) == .suspend)
    #expect(firmware.state(of: 0) == .suspended)
    #expect(firmware.call(0xc400_0004, 0, 0, from: 1) == .result(0))
    #expect(firmware.call(0xc400_0003, 0, 0x4008_0000, from: 1) == .result(alreadyOn))
    firmware.ran(0)
    #expect(firmware.state(of: 0) == .on)
  }

  @Test("CPU_SUSPEND checks its power state, and the entry of a power-down")
  func suspendArguments() throws {
    var firmware = try firmware()
    #expect(firmware.call(0xc400_0001, 0x8000_0000) == .result(invalidParameters))
    #expect(firmware.call(0xc400_0001, 0x0002_0000) == .result(invalidParameters))
    #expect(firmware.call(0xc400_0001, 0x0101_0000, 0x0900_0000) == .result(invalidAddress))
    #expect(firmware.state(of: 0) == .on)
    #expect(firmware.call(0xc400_0001, 0x0101_0000, 0x4008_0000) == .suspend)
  }

  /// DEN 0022D §5.6 and §5.7: what CPU_ON and AFFINITY_INFO answer about a vCPU in each state.
  @Test(
    "CPU_ON and AFFINITY_INFO answer by the state of the vCPU they name, in both conventions",
    arguments: [
      (.off, .start(vcpu: 3, entry: 0x4008_0000, context: 0x8000_0001), 1), (.onPending, .result(onPending), 2),
      (.on, .result(alreadyOn), 0), (.suspended, .result(alreadyOn), 0),
    ] as [(PowerState, FirmwareAnswer, UInt64)], [0x8400_0000, 0xc400_0000] as [UInt64])
  func states(row: (state: PowerState, answer: FirmwareAnswer, information: UInt64), convention: UInt64) throws {
    var firmware = try firmware()
    if row.state != .off { _ = firmware.call(0xc400_0003, 3, 0x4008_0000) }
    if row.state == .on || row.state == .suspended { firmware.ran(3) }
    if row.state == .suspended { _ = firmware.call(0xc400_0001, 0, from: 3) }
    #expect(firmware.state(of: 3) == row.state)
    #expect(firmware.call(convention | 4, 3, 0) == .result(row.information))
    #expect(firmware.call(convention | 3, 3, 0x4008_0000, 0x8000_0001) == row.answer)
  }

  @Test("A 64-bit caller's context and entry pass whole, a 32-bit caller's are cut")
  func context() throws {
    var firmware = try firmware()
    let wide: UInt64 = 0xfedc_ba98_7654_3210
    #expect(firmware.call(0xc400_0003, 1, 0x4008_0000, wide) == .start(vcpu: 1, entry: 0x4008_0000, context: wide))
    #expect(
      firmware.call(0x8400_0003, 2, 0x4008_0000, wide) == .start(vcpu: 2, entry: 0x4008_0000, context: 0x7654_3210))
    #expect(firmware.call(0xc400_0003, 3, 0x1_4008_0000) == .result(invalidAddress))
  }

  @Test("A reset leaves vCPU 0 about to run and the others off, whatever they were")
  func reset() throws {
    var firmware = try firmware()
    _ = firmware.call(0xc400_0003, 1, 0x4008_0000)
    firmware.ran(1)
    firmware.stopped(0)
    firmware.reset()
    #expect((0..<4).map { firmware.state(of: $0) } == [.onPending, .off, .off, .off])
    firmware.ran(1)
    #expect(firmware.state(of: 1) == .off)
  }

  @Test("The first vCPU that is on, in whatever way, is any of them; none is where all are off")
  func firstOn() throws {
    var firmware = try firmware()
    #expect(firmware.firstOn == 0)
    _ = firmware.call(0xc400_0003, 2, 0x4008_0000)
    _ = firmware.call(0x8400_0002, from: 0)
    #expect(firmware.firstOn == 2, "about to be")
    firmware.ran(2)
    _ = firmware.call(0xc400_0001, 0, from: 2)
    #expect(firmware.firstOn == 2, "suspended")
    _ = firmware.call(0x8400_0002, from: 2)
    #expect(firmware.firstOn == nil)
  }

  @Test("A guest in AArch32 has the 32-bit identifiers only")
  func aarch32() throws {
    var firmware = try firmware()
    firmware.instructionSet = .aarch32
    for identifier: UInt64 in [0xc400_0001, 0xc400_0003, 0xc400_0004, 0xc400_0012] {
      #expect(firmware.call(identifier, 1, 0x4008_0000) == .result(notSupported))
      #expect(firmware.call(0x8400_000a, identifier) == .result(notSupported))
    }
    // A T32 entry point has bit 0 set, and only halfwords are aligned.
    #expect(firmware.call(0x8400_0003, 1, 0x4008_0003) == .start(vcpu: 1, entry: 0x4008_0003, context: 0))
    #expect(firmware.call(0x8400_0003, 2, 0x4008_0002) == .result(invalidAddress))
  }

  @Test(
    "Optional functions of PSCI 1.1 that there are not, from MIGRATE to MEM_PROTECT, are not supported",
    arguments: [0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x05, 0x07, 0x13, 0x14] as [UInt64])
  func missing(function: UInt64) throws {
    var firmware = try firmware()
    for base: UInt64 in [0x8400_0000, 0xc400_0000] {
      #expect(firmware.call(base | function) == .result(notSupported))
      #expect(firmware.call(0x8400_000a, base | function) == .result(notSupported))
    }
    #expect(firmware.call(0x8400_0006) == .result(2))
  }
}
