import Architecture
import TestSupport
import Testing
import Virtualization

private let versions: [GICVersion] = [.v2, .v3]

/// The register faces, group by group.
@Suite(.timeLimited) struct RegisterTests {
  @Test("GICD_TYPER of a GICv2 says the lines in units of 32 and the CPUs, both less one")
  func typeV2() throws {
    #expect(try GuestMachine(.v2, vcpuCount: 4, spiCount: 96).read(0x004) == 3 << 5 | 3)
    #expect(try GuestMachine(.v2, vcpuCount: 1, spiCount: 988).read(0x004) == 31)
  }

  @Test("GICD_TYPER of a GICv3 says ten INTID bits, no LPIs, no message-based SPIs, one Security state, no 1 of N")
  func typeV3() throws {
    let type = try GuestMachine(.v3, vcpuCount: 4, spiCount: 96).read(0x004)
    #expect(type & 0x1f == 3)
    #expect(type >> 5 & 7 == 0)
    #expect(type >> 10 & 1 == 0)
    #expect(type >> 16 & 3 == 0)
    #expect(type >> 19 & 0x1f == 9)
    #expect(type >> 25 & 1 == 1)
  }

  @Test("The peripheral ID tells the architecture where each version's drivers look for it")
  func peripheralID() throws {
    #expect(try GuestMachine(.v2).read(0xfe8) == 0x2b)
    #expect(try GuestMachine(.v3).read(0xffe8) == 0x3b)
    #expect(try GuestMachine(.v3).readRedistributor(0xffe8) == 0x3b)
    #expect(try GuestMachine(.v3).read(0xfe8) == 0)
  }

  @Test("GICD_CTLR keeps the two group enables, and a GICv3's has ARE and DS always on and RWP always off")
  func control() throws {
    let v2 = try GuestMachine(.v2)
    v2.write(0x000, 0xffff_fffd)
    #expect(v2.read(0x000) == 1)
    let v3 = try GuestMachine(.v3)
    v3.write(0x000, 0)
    #expect(v3.read(0x000) == 0x50)
    v3.write(0x000, 0xffff_ffff)
    #expect(v3.read(0x000) == 0x53)
  }

  @Test("ISENABLER enables, ICENABLER disables, both read the enables, and a zero does nothing", arguments: versions)
  func enables(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.write(0x104, 0x8000_0001)
    machine.write(0x104, 0)
    #expect(machine.read(0x104) == 0x8000_0001)
    machine.write(0x184, 0x0000_0001)
    #expect(machine.read(0x104) == 0x8000_0000)
    #expect(machine.read(0x184) == 0x8000_0000)
    machine.write(0x184, 0x4000_0000)
    #expect(machine.read(0x104) == 0x8000_0000)
  }

  @Test("GICv2's SGIs are always enabled, GICv3's are not before the guest enables them")
  func privateEnables() throws {
    let v2 = try GuestMachine(.v2)
    v2.write(0x180, 0xffff_ffff)
    #expect(v2.read(0x100) == 0x0000_ffff)
    let v3 = try GuestMachine(.v3)
    #expect(v3.readRedistributor(0x1_0100) == 0)
    v3.writeRedistributor(0x1_0100, 0x0800_0001)
    #expect(v3.readRedistributor(0x1_0180) == 0x0800_0001)
  }

  @Test("IGROUPR reads as written and starts at group 0", arguments: versions)
  func groups(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    #expect(machine.read(0x084) == 0)
    machine.write(0x084, 0xdead_beef)
    #expect(machine.read(0x084) == 0xdead_beef)
  }

  @Test("Priorities can be written by byte and by word, and have 32 levels", arguments: versions)
  func priorities(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.write(0x420, 0x1f2f_3f4f)
    #expect(machine.read(0x420) == 0x1828_3848)
    machine.write(0x421, 0xff, .byte)
    #expect(machine.read(0x420) == 0x1828_f848)
    #expect(machine.read(0x422, .byte) == 0x28)
    machine.write(0x420, 0, .halfword)
    #expect(machine.read(0x420) == 0x1828_f848)
  }

  @Test("ICFGR has one bit that can be set for each SPI, and SGIs are edge-triggered for good")
  func configuration() throws {
    let v2 = try GuestMachine(.v2)
    v2.write(0xc00, 0)
    #expect(v2.read(0xc00) == 0xaaaa_aaaa)
    v2.write(0xc08, 0xffff_ffff)
    #expect(v2.read(0xc08) == 0xaaaa_aaaa)
    v2.write(0xc08, 0)
    #expect(v2.read(0xc08) == 0)
    let v3 = try GuestMachine(.v3)
    #expect(v3.readRedistributor(0x1_0c00) == 0xaaaa_aaaa)
    v3.writeRedistributor(0x1_0c04, 0x8000_0000)
    #expect(v3.readRedistributor(0x1_0c04) == 0x8000_0000)
  }

  @Test("The first eight ITARGETSR read as the CPU that reads, the others as written for CPUs that there are")
  func targets() throws {
    let machine = try GuestMachine(.v2, vcpuCount: 3)
    machine.unload()
    machine.load(2)
    #expect(machine.read(0x800) == 0x0404_0404)
    machine.write(0x800, 0)
    #expect(machine.read(0x81c) == 0x0404_0404)
    #expect(machine.read(0x820) == 0)
    machine.write(0x820, 0xff02_0601)
    #expect(machine.read(0x820) == 0x0702_0601)
    #expect(machine.read(0x822, .byte) == 2)
  }

  @Test("A GICv2 with one CPU has no ITARGETSR, and its SPIs reach that CPU")
  func targetsOfOne() throws {
    let machine = try GuestMachine(.v2)
    machine.write(0x820, 0x0101_0101)
    #expect(machine.read(0x820) == 0)
    #expect(machine.read(0x800) == 0)
  }

  @Test("GICv2's private registers are banked")
  func banked() throws {
    let machine = try GuestMachine(.v2, vcpuCount: 2)
    machine.write(0x100, 1 << 27)
    machine.setPriority(27, 0x40)
    machine.unload()
    machine.load(1)
    #expect(machine.read(0x100) == 0xffff)
    #expect(machine.read(0x41b, .byte) == 0)
  }

  @Test("GICv3's distributor has nothing to say of SGIs and PPIs")
  func privateInDistributor() throws {
    let machine = try GuestMachine(.v3)
    for offset: UInt32 in [0x080, 0x100, 0x200, 0x300, 0x400, 0xc00] {
      machine.write(offset, 0xffff_ffff)
      #expect(machine.read(offset) == 0)
    }
    #expect(machine.readRedistributor(0x1_0100) == 0)
  }

  @Test("IROUTER keeps its affinity fields, whole and in halves, and has no routing mode")
  func routes() throws {
    let machine = try GuestMachine(.v3, vcpuCount: 18)
    machine.write(0x6100, 0xffff_ffff_ffff_ffff, .doubleword)
    #expect(machine.read(0x6100, .doubleword) == 0xff_00ff_ffff)
    machine.write(0x6104, 0)
    #expect(machine.read(0x6100, .doubleword) == 0x00ff_ffff)
    machine.write(0x6100, 0x101)
    #expect(machine.read(0x6100) == 0x101)
    #expect(machine.read(0x6104) == 0)
    machine.enable(32)
    machine.setLine(32, true)
    machine.unload()
    #expect(machine.hasPendingInterrupt(17))
    #expect(machine.read(0x60f8, .doubleword) == 0)
  }

  @Test("Each redistributor tells its affinity and number, and the last one that it is the last")
  func redistributorType() throws {
    let machine = try GuestMachine(.v3, vcpuCount: 18)
    #expect(machine.readRedistributor(0x008, .doubleword, frame: 0) == 0)
    #expect(machine.readRedistributor(0x008, .doubleword, frame: 16) == 0x0000_0100_0000_1000)
    #expect(machine.readRedistributor(0x008, .doubleword, frame: 17) == 0x0000_0101_0000_1110)
    #expect(machine.readRedistributor(0x008, frame: 17) == 0x1110)
    #expect(machine.readRedistributor(0x00c, frame: 17) == 0x0101)
    #expect(machine.readRedistributor(0x000) == 0)
    #expect(machine.readRedistributor(0x008, .doubleword, frame: 18) == 0)
  }

  @Test("GICR_WAKER: the children are asleep exactly while the processor is, as it is after reset")
  func wake() throws {
    let machine = try GuestMachine(.v3)
    #expect(machine.readRedistributor(0x014) == 6)
    machine.writeRedistributor(0x014, 0)
    #expect(machine.readRedistributor(0x014) == 0)
    machine.writeRedistributor(0x014, 2)
    #expect(machine.readRedistributor(0x014) == 6)
  }

  @Test("No offset, width or value harms, and what there is not reads as zero", arguments: versions)
  func everyOffset(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2, spiCount: 32)
    for offset in UInt32(0)..<0x1_0000 {
      for width in [AccessWidth.byte, .halfword, .word, .doubleword] {
        machine.gic.writeDistributor(offset: offset, width: width, value: .max, vcpu: 0)
        let value = machine.gic.readDistributor(offset: offset, width: width, vcpu: 0)
        if UInt64(offset) % width.byteCount != 0 || value & ~width.mask != 0 { #expect(value == 0) }
      }
    }
    for offset in stride(from: UInt32(0), to: 0x4_0000, by: 2) {
      for frame in [-1, 0, 1, 2] {
        machine.gic.writeRedistributor(offset: offset, frame: frame, width: .word, value: .max)
        let value = machine.gic.readRedistributor(offset: offset, frame: frame, width: .word)
        if offset % 4 != 0 || frame < 0 || frame > 1 || version == .v2 || offset >= 0x2_0000 { #expect(value == 0) }
      }
    }
    machine.enter()
    #expect(machine.read(0x010) == 0)
    #expect(machine.read(0x108) == 0)
    #expect(machine.read(0x440) == 0)
    #expect(machine.read(0x0d00) == 0)
    #expect(machine.read(0x00c) == 0)
    machine.expectSound()
  }

  @Test("Running out of storage is an error of the initialiser")
  func outOfMemory() {
    var storage = HeapStorage(byteLimit: 100)
    #expect(throws: OutOfMemory.self) {
      _ = try VirtualGIC(version: .v2, vcpuCount: 1, sharedInterruptCount: 32, storage: &storage).version
    }
  }
}
