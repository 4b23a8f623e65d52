import Architecture
import TestSupport
import Testing
import Virtualization

private let notSupported: UInt64 = 0xffff_ffff_ffff_ffff

@Suite("Exits that are calls or waits", .timeLimited)
struct CallTests {
  @Test("HVC returns behind itself and is not skipped; a trapped SMC is")
  func conduits() throws {
    let board = try Board()
    // PSCI_VERSION: 1.1.
    #expect(board.handle(.call(.hypervisorCall, immediate: 0), [0: 0x8400_0000]) == .resume)
    #expect(board.register(0) == 0x1_0001)
    #expect(board.skipCount == 0)
    #expect(board.handle(.call(.secureMonitorCall, immediate: 0), [0: 0x8400_0000]) == .resume)
    #expect(board.register(0) == 0x1_0001)
    #expect(board.skipCount == 1)
    #expect(board.written == [0])
    #expect(board.faults == [])
  }

  @Test("With another immediate nobody is called", arguments: [1, 0x4711, 0xffff] as [UInt16])
  func immediates(immediate: UInt16) throws {
    let board = try Board()
    for conduit in [CallConduit.hypervisorCall, .secureMonitorCall] {
      // SYSTEM_OFF would end the VM.
      #expect(board.handle(.call(conduit, immediate: immediate), [0: 0x8400_0008]) == .resume)
      #expect(board.register(0) == notSupported)
      #expect(board.skipCount == (conduit == .secureMonitorCall ? 1 : 0))
    }
  }

  @Test("PSCI's functions come out as what is to be done, with SUCCESS in register 0 where the caller goes on")
  func power() throws {
    let board = try Board()
    let call = Exit.call(.secureMonitorCall, immediate: 0)
    #expect(
      board.handle(call, [0: 0xc400_0003, 1: 1, 2: 0x4008_0000, 3: 0x77])
        == .start(vcpu: 1, entry: 0x4008_0000, context: 0x77))
    #expect(board.register(0) == 0)
    #expect(board.handle(call, [0: 0xc400_0003, 1: 1, 2: 0x4008_0000]) == .resume)
    #expect(board.register(0) == 0 &- 5, "ON_PENDING")
    #expect(board.handle(call, [0: 0xc400_0001, 1: 0]) == .wait)
    #expect(board.register(0) == 0)
    #expect(board.skipCount == 1)
    #expect(board.handle(call, [0: 0x8400_0008]) == .systemOff)
    #expect(board.handle(call, [0: 0x8400_0009]) == .systemReset)
    #expect(board.handle(call, [0: 0xc400_0012, 1: 0]) == .systemReset)
    #expect(board.handle(call, [0: 0x8400_0002]) == .off)
  }

  @Test(
    "An entry point outside the guest's memory is no entry point",
    arguments: [0x3fff_fffc, 0x4800_0000, 0x4000_0002, 0x20_0000, 2, 0xffff_ffff_ffff_fffc] as [UInt64])
  func entries(entry: UInt64) throws {
    let board = try Board()
    #expect(board.handle(.call(.hypervisorCall, immediate: 0), [0: 0xc400_0003, 1: 1, 2: entry]) == .resume)
    #expect(board.register(0) == 0 &- 9, "INVALID_ADDRESS")
    #expect(board.machine.power.state(of: 1) == .off)
  }

  @Test("A guest that starts as firmware may start its other CPUs there", arguments: [0, 0x1f_fffc] as [UInt64])
  func entriesInFirmware(entry: UInt64) throws {
    let board = try Board()
    let outcome = board.handle(.call(.hypervisorCall, immediate: 0), [0: 0xc400_0003, 1: 1, 2: entry, 3: 0])
    #expect(outcome == .start(vcpu: 1, entry: entry, context: 0))
  }

  @Test("A function that there is not says so and leaves the other registers alone")
  func unknownFunction() throws {
    let board = try Board()
    #expect(board.handle(.call(.hypervisorCall, immediate: 0), [0: 0x8600_1234]) == .resume)
    #expect(board.register(0) == notSupported)
    #expect(board.written == [0])
  }

  @Test("Waiting skips the instruction and changes no register")
  func waits() throws {
    let board = try Board()
    for (exit, outcome) in [(.waitForInterrupt, .wait), (.waitForEvent, .yield)] as [(Exit, Outcome)] {
      #expect(board.handle(exit) == outcome)
      #expect(board.skipCount == 1)
      #expect(board.written == [])
      #expect(board.faults == [])
    }
  }

  @Test("FP is loaded and the same instruction runs again")
  func floatingPoint() throws {
    let board = try Board()
    #expect(board.handle(.floatingPoint) == .loadFloatingPoint)
    #expect(board.skipCount == 0 && board.written == [] && board.faults == [])
  }

  @Test("Cache maintenance where nothing is has nothing to do, and is four bytes long, whatever the syndrome says")
  func cacheMaintenance() throws {
    let board = try Board()
    #expect(board.handle(.cacheMaintenance) == .resume)
    #expect(board.skippedBytes == [4])
    #expect(board.skipCount == 1 && board.written == [] && board.faults == [])
  }

  @Test("Aborts and undefined instructions go to the guest, at the instruction itself")
  func faults() throws {
    let board = try Board()
    let exits: [(Exit, GuestFault)] = [
      (.undefined, .undefined), (.abort(.instructionAbort), .instructionAbort),
      (.abort(.dataAbort(isWrite: true)), .dataAbort(isWrite: true)),
      (.undescribedMemory(GuestPhysicalAddress(0x0900_0000), isWrite: false), .dataAbort(isWrite: false)),
      (.undescribedMemory(GuestPhysicalAddress(0x0900_0000), isWrite: true), .dataAbort(isWrite: true)),
      (.undescribedMemory(GuestPhysicalAddress(0x1000), isWrite: false), .dataAbort(isWrite: false)),
    ]
    for (exit, fault) in exits {
      #expect(board.handle(exit) == .resume)
      #expect(board.faults == [fault])
      #expect(board.skipCount == 0 && board.written == [])
    }
  }

  @Test("A store to the firmware's memory whose instruction cannot be read does nothing")
  func firmware() throws {
    let board = try Board()
    for address: UInt64 in [0, 0x1f_ffff] {
      let store = Exit.undescribedMemory(GuestPhysicalAddress(address), isWrite: true)
      #expect(board.handle(store, description: .refused(.unreadable)) == .resume)
      #expect(board.skipCount == 1 && board.faults == [])
    }
    let elsewhere = Exit.undescribedMemory(GuestPhysicalAddress(0x0803_0000), isWrite: true)
    board.handle(elsewhere, description: .refused(.unreadable))
    #expect(board.faults == [.dataAbort(isWrite: true)])
  }

  @Test("What nothing answers stops the VM, with its syndrome")
  func unknown() throws {
    let board = try Board()
    #expect(board.handle(.unknown(syndrome: 0xfeed_face)) == .stop(syndrome: 0xfeed_face))
    #expect(board.skipCount == 0 && board.faults == [])
  }
}
