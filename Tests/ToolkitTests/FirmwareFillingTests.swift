import Architecture
import Configuration
import DeviceTree
import Foundation
import TestSupport
import Testing

@testable import Toolkit

/// What firmware adds to a tree, read again by the hypervisor's own discovery.
@Suite("A tree as its firmware fills it", .timeLimited)
struct FirmwareFillingTests {
  /// What discovery finds of it.
  private struct Found: Equatable, Detached {
    var banks: [[UInt64]] = []
    var starts: [HostCPU.Start] = []
    var bundle: [UInt64]?
    var console: String?
    var reservationCount = 0
  }

  private func filled(_ changes: [String: NodeContent?]) throws -> Found {
    let bytes = try TreeFilling.asFirmwareFills(machineTree(changing: changes), of: "m")
    return try AlignedBytes(bytes).withDeviceTree(of: "m") { tree throws(Failure) in
      var found = Found()
      let machine: MachineDescription
      do { machine = try MachineDescription(tree) } catch { throw Failure("\(error)") }
      machine.forEachMemoryBank { found.banks.append([$0.start.rawValue, $0.size]) }
      found.starts = machine.cpus.map(\.start)
      found.bundle = machine.bundle.map { [$0.start.rawValue, $0.size] }
      found.console = machine.console.map { String(decoding: $0.node.name, as: UTF8.self) }
      machine.forEachReservation { _ in found.reservationCount += 1 }
      return found
    }
  }

  private static func cpus(_ method: Text?, count: UInt32 = 2) -> NodeContent {
    { (node) throws(DeviceTreeError) in
      try node.property("#size-cells", 0)
      try node.property("#address-cells", 1)
      for index in 0..<count {
        try node.node("cpu", at: UInt64(index)) { (cpu) throws(DeviceTreeError) in
          try cpu.property("reg", index)
          if let method { try cpu.property("enable-method", method) }
          try cpu.property("compatible", "arm,cortex-a53")
          try cpu.property("device_type", "cpu")
        }
      }
    }
  }

  @Test("keeps what it says, and gets a RAM disk, which is reserved")
  func complete() throws {
    let found = try filled([:])
    #expect(found.banks == [[0x4000_0000, 0x2000_0000]])
    #expect(found.bundle == [0x5000_0000, 0x100_0000])
    #expect(found.reservationCount == 1)
    #expect(found.console == "serial@9000000")
  }

  @Test("gets memory where it has none: where its node says that it begins, or at 1 GiB")
  func memory() throws {
    #expect(try filled(["memory@40000000": nil]).banks == [[0x4000_0000, 0x4000_0000]])
    let empty: NodeContent = { (node) throws(DeviceTreeError) in
      try node.property("device_type", "memory")
      try node.property("reg", cells: [0, 0x8000_0000, 0, 0])
    }
    #expect(try filled(["memory@40000000": empty]).banks == [[0x8000_0000, 0x4000_0000]])
  }

  @Test("gets a way to start the CPUs where it has none: PSCI's node, or spin tables")
  func starts() throws {
    let spin = HostCPU.Start.spinTable(PhysicalAddress(0x4800_0000))
    #expect(try filled(["cpus": Self.cpus("psci"), "psci": nil]).starts == [.firmware, .firmware])
    #expect(try filled(["cpus": Self.cpus("spin-table"), "psci": nil]).starts == [spin, spin])
    #expect(try filled(["cpus": Self.cpus(nil), "psci": nil]).starts == [spin, spin])
    // One CPU, and a way that only its vendor knows, stay as they are.
    #expect(try filled(["cpus": Self.cpus(nil, count: 1), "psci": nil]).starts == [.unknown])
    #expect(try filled(["cpus": Self.cpus("vendor,smp"), "psci": nil]).starts == [.unknown, .unknown])
    let narrow: NodeContent = { (node) throws(DeviceTreeError) in
      try node.property("interrupts", cells: [1, 13, 0xf04, 1, 14, 0xf04, 1, 11, 0xf04, 1, 10, 0xf04])
      try node.property("compatible", "arm,armv7-timer")
    }
    #expect(
      try filled(["cpus": Self.cpus(nil), "psci": nil, "timer": narrow]).starts == [.firmware, .firmware])
  }

  @Test("gets the console's path where it has none, and keeps the rest of /chosen")
  func console() throws {
    let older: NodeContent = { (node) throws(DeviceTreeError) in try node.property("bootargs", "loud") }
    #expect(try filled(["chosen": older]).console == "serial@9000000")
    #expect(try filled(["chosen": nil]).bundle != nil)
  }
}
