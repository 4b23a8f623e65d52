import Drivers
import TestSupport
import Testing

@Suite("The interrupt controllers of the Raspberry Pi 2 and 3", .timeLimited)
struct BCM2836ControllerTests {
  private let local = RegisterFile()
  private let shared = RegisterFile()
  private var controller: BCM2836Controller { BCM2836Controller(local: local.base, shared: shared.base, core: 2) }

  @Test("nothing pending is no interrupt")
  func nothing() {
    #expect(controller.acknowledge() == 1023)
  }

  @Test("a timer is the core's private interrupt, and is masked until it is ended")
  func timer() {
    controller.enable(16 + 3)
    controller.enable(16 + 2)
    #expect(local[0x48] == 0b1100)
    local[0x68] = 1 << 3
    #expect(controller.acknowledge() == 19)
    #expect(local[0x48] == 0b0100)
    controller.deactivate(19)
    #expect(local[0x48] == 0b1100)
  }

  /// QA7 rev 3.4, §3.1: 2³¹ divided by the prescaler is how far the counter goes with each of the clock's steps.
  @Test("the cores' timers count the crystal's clock as it is, whatever was there before")
  func clock() {
    local[0x00] = 1 << 8 | 1 << 9
    local[0x08] = 0
    controller.initializeDistributor()
    #expect(local[0x00] == 0)
    #expect(local[0x08] == 0x8000_0000)
  }

  @Test("mailbox 0 carries software-generated interrupts, each a bit that taking it clears")
  func mailbox() {
    controller.initializeCPU()
    #expect(local[0x58] == 1)
    controller.send(BCM2836Controller(local: local.base, shared: shared.base, core: 3).softwareInterruptToSelf(5))
    #expect(local[0xb0] == 1 << 5)
    local[0x68] = 1 << 4
    local[0xe0] = 1 << 5 | 1 << 9
    #expect(controller.acknowledge() == 5)
    #expect(local[0xe0] == 1 << 5)
  }

  /// BCM2835 ARM Peripherals, §7.5, "IRQ basic pending": bits 8 and 9 say that the other banks have something, and 10 to 20 are
  /// copies of some of theirs.
  @Test("what the first bank's register shows of the others is theirs")
  func copies() {
    local[0x68] = 1 << 8
    shared[0x00] = 1 << 8 | 1 << 10
    shared[0x04] = 1 << 7
    #expect(controller.acknowledge() == 32 + 32 + 7)
    shared[0x00] = 1 << 9 | 1 << 19
    shared[0x04] = 0
    shared[0x08] = 1 << 25
    #expect(controller.acknowledge() == 32 + 64 + 25)
  }

  @Test(
    "a peripheral's interrupt has its bank's number, and its disable bit masks it",
    arguments: [
      // The auxiliary peripherals' interrupt 29, the PL011's 57 (bank 2, 25), and the ARM timer's 0 of its own bank.
      (1, 29, 0x1c), (2, 25, 0x20), (0, 0, 0x24),
    ])
  func peripheral(bank: Int, number: UInt32, disable: Int) {
    local[0x68] = 1 << 8
    shared[bank * 4] = 1 << number
    #expect(controller.acknowledge() == 32 + UInt32(bank) * 32 + number)
    #expect(shared[disable] == 1 << number)
    controller.deactivate(32 + UInt32(bank) * 32 + number)
    #expect(shared[disable - 0xc] == 1 << number)
  }
}
