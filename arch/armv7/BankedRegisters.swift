internal import ARMv7Assembly

/// The registers that a vCPU has once for each mode (DDI 0406C, B1.3.2), but LR_usr, which the trap frame has: kept in the
/// hardware while the vCPU is loaded, here otherwise.
struct BankedRegisters {
  private var stackUser: UInt32 = 0
  private var supervisor = Bank()
  private var abort = Bank()
  private var undefined = Bank()
  private var interrupt = Bank()
  private var fast = Bank()
  /// r8 to r12 in FIQ mode.
  private var fastGeneral: [5 of UInt32] = .init(repeating: 0)

  /// What every mode for exceptions has.
  private struct Bank {
    var stack: UInt32 = 0
    var link: UInt32 = 0
    var state: UInt32 = 0
  }

  /// Takes the registers out of the hardware.
  mutating func save() {
    stackUser = read_sp_usr()
    supervisor = Bank(stack: read_sp_svc(), link: read_lr_svc(), state: read_spsr_svc())
    abort = Bank(stack: read_sp_abt(), link: read_lr_abt(), state: read_spsr_abt())
    undefined = Bank(stack: read_sp_und(), link: read_lr_und(), state: read_spsr_und())
    interrupt = Bank(stack: read_sp_irq(), link: read_lr_irq(), state: read_spsr_irq())
    fast = Bank(stack: read_sp_fiq(), link: read_lr_fiq(), state: read_spsr_fiq())
    fastGeneral[0] = read_r8_fiq()
    fastGeneral[1] = read_r9_fiq()
    fastGeneral[2] = read_r10_fiq()
    fastGeneral[3] = read_r11_fiq()
    fastGeneral[4] = read_r12_fiq()
  }

  /// Puts the registers into the hardware.
  func load() {
    write_sp_usr(stackUser)
    write_sp_svc(supervisor.stack)
    write_lr_svc(supervisor.link)
    write_spsr_svc(supervisor.state)
    write_sp_abt(abort.stack)
    write_lr_abt(abort.link)
    write_spsr_abt(abort.state)
    write_sp_und(undefined.stack)
    write_lr_und(undefined.link)
    write_spsr_und(undefined.state)
    write_sp_irq(interrupt.stack)
    write_lr_irq(interrupt.link)
    write_spsr_irq(interrupt.state)
    write_sp_fiq(fast.stack)
    write_lr_fiq(fast.link)
    write_spsr_fiq(fast.state)
    write_r8_fiq(fastGeneral[0])
    write_r9_fiq(fastGeneral[1])
    write_r10_fiq(fastGeneral[2])
    write_r11_fiq(fastGeneral[3])
    write_r12_fiq(fastGeneral[4])
  }
}
