public import Architecture

/// One VM as its guest sees it: memory map, interrupt controller, firmware and devices. All of it is a model; the
/// registers of its vCPUs are the backend's.
///
/// Shared by the CPUs that run its vCPUs: touched only by the CPU that holds the VM.
public struct VirtualMachine: ~Copyable {
  /// The guest's RAM.
  public let memory: AddressRange<GuestPhysicalAddress>
  /// The read-only memory of a guest that starts as firmware; empty for others.
  public let firmware: AddressRange<GuestPhysicalAddress>
  /// The interrupt controller.
  public var interrupts: VirtualGIC
  /// PSCI and the power states of the vCPUs.
  public var power: PowerController
  /// The console.
  public var console = PL011()
  /// What the interrupt controller was told of the console's interrupt last.
  private var isConsoleLineHigh = false
  /// The real-time clock.
  public var clock: PL031
  /// Random numbers for the guest, unseeded at first; a reset leaves it as it is.
  public var random = RandomSource()
  /// Characters typed for this VM that the console had no room for yet: a ring.
  private let typed: Storage<UInt8>
  private var typedStart = 0
  private var typedCount = 0
  /// How system registers answer.
  let registerMap: SystemRegisterMap
  let identification: IdentificationRegisters
  /// GICD_TYPER, which never changes.
  private let distributorType: UInt32
  /// One for each vCPU.
  private let processors: Storage<Processor>

  /// What the models keep of one vCPU.
  private struct Processor {
    var physicalTimer = GuestTimer()
    var isPhysicalTimerLineHigh = false
    /// The values of `StoredRegister`s, by raw value.
    var stored: [1 of UInt64] = [0]
    /// OSLSR_EL1.OSLK. A CPU comes out of reset with it set (DDI 0487, OSLSR_EL1), and from its firmware, which is us, open:
    /// Linux in AArch32 on Armv8 has breakpoints only then.
    var isDebugLocked = false
  }

  /// A VM with everything as after power on.
  public init(
    gic: GICVersion, usesHardwareLinks: Bool, vcpuCount: Int, sharedInterruptCount: Int,
    memory: AddressRange<GuestPhysicalAddress>, firmware: AddressRange<GuestPhysicalAddress>,
    secondsAtStart: UInt32, storage: inout some StorageProvider & ~Copyable
  ) throws(OutOfMemory) {
    let processors = try storage.storage(of: Processor.self, count: vcpuCount) { _ in Processor() }
    let typed = try storage.storage(of: UInt8.self, count: 256) { _ in 0 }
    let interrupts = try VirtualGIC(
      version: gic, vcpuCount: vcpuCount, sharedInterruptCount: sharedInterruptCount,
      usesHardwareLinks: usesHardwareLinks, storage: &storage)
    let power = try PowerController(vcpuCount: vcpuCount, in: &storage)
    distributorType = UInt32(truncatingIfNeeded: interrupts.distributorType)
    self.interrupts = interrupts
    self.power = power
    self.processors = processors
    self.typed = typed
    self.memory = memory
    self.firmware = firmware
    clock = PL031(secondsAtStart: secondsAtStart)
    registerMap = SystemRegisterMap(gic: gic)
    identification = IdentificationRegisters(gic: gic)
    self.power.reset()
  }

  /// How many steps a reset has.
  public var resetStepCount: Int { interrupts.resetStepCount &+ 1 }

  /// Puts everything back to what it was at power on; the memory is the loader's business.
  public mutating func reset() {
    for step in 0..<resetStepCount { reset(step: step) }
  }

  /// One step of `reset()`, in bounded time. They are to be taken in order, from 0 to `resetStepCount`, with no vCPU loaded
  /// and before one runs. The devices come first: from then on they hold no line up, whatever is told them meanwhile.
  public mutating func reset(step: Int) {
    guard step == 0 else { return interrupts.reset(step: step &- 1) }
    power.reset()
    let isHeld = console.isTransmitterHeld
    console.reset()
    console.isTransmitterHeld = isHeld
    isConsoleLineHigh = false
    typedCount = 0
    clock.reset()
    for index in processors.indices { processors[index] = Processor() }
  }

  /// How many steps the reset of one vCPU has.
  public static var vcpuResetStepCount: Int { VirtualGIC.ownResetStepCount }

  /// Puts the models of one vCPU back, for its CPU_ON.
  public mutating func reset(vcpu: Int) {
    for step in 0..<Self.vcpuResetStepCount { reset(vcpu: vcpu, step: step) }
  }

  /// One step of it, in bounded time. They are to be taken in order, with the vCPU off its CPU and before it runs.
  public mutating func reset(vcpu: Int, step: Int) {
    if step == 0 { processors[vcpu] = Processor() }
    interrupts.reset(vcpu: vcpu, step: step)
  }

  /// True where a VM that starts as firmware has its flash. Others have nothing there.
  func hasFlash(at address: GuestPhysicalAddress) -> Bool {
    !firmware.isEmpty && GuestMachine.firmware.contains(address)
  }

  /// When the vCPU's emulated timer will next raise its interrupt, if nothing else happens.
  ///
  /// Inlined, because a value of this size is copied for a call that only reads it.
  @inline(__always)
  public func physicalTimerDeadline(vcpu: Int) -> Instant { processors[vcpu].physicalTimer.deadline }

  /// When the real-time clock's alarm will raise its interrupt, if nothing else happens.
  public func alarmDeadline(ticksPerSecond: UInt64) -> Instant {
    guard !clock.interruptLine, let seconds = clock.alarmSeconds else { return .never }
    let (ticks, overflow) = seconds.multipliedReportingOverflow(by: ticksPerSecond)
    return overflow ? .never : Instant(ticks: ticks)
  }

  /// Brings the real-time clock and its interrupt line to `now`.
  public mutating func updateClock(at now: Instant, ticksPerSecond: UInt64) {
    clock.advance(toSeconds: now.ticks / max(ticksPerSecond, 1))
    interrupts.setLine(GuestMachine.clockInterrupt, vcpu: 0, isHigh: clock.interruptLine)
  }

  /// True while the vCPU's emulated timer holds its interrupt line up: only the guest can let it down.
  public func isPhysicalTimerLineHigh(vcpu: Int) -> Bool { processors[vcpu].isPhysicalTimerLineHigh }

  /// Brings the interrupt line of the vCPU's emulated timer to what it is at `now`.
  public mutating func updatePhysicalTimer(vcpu: Int, at now: Instant) {
    let isHigh = processors[vcpu].physicalTimer.line(at: now)
    processors[vcpu].isPhysicalTimerLineHigh = isHigh
    interrupts.setLine(GuestMachine.physicalTimerInterrupt, vcpu: vcpu, isHigh: isHigh)
  }

  /// Brings the line of the console's interrupt to what the device says.
  @inline(__always)
  private mutating func updateConsoleLine() {
    let isHigh = console.interruptLine
    guard isHigh != isConsoleLineHigh else { return }
    isConsoleLineHigh = isHigh
    interrupts.setLine(GuestMachine.consoleInterrupt, vcpu: 0, isHigh: isHigh)
  }

  /// Makes the console's transmitter seem full, or empty again.
  public mutating func holdConsole(_ isHeld: Bool) {
    console.isTransmitterHeld = isHeld
    updateConsoleLine()
  }

  /// Takes a character typed for this VM; false where so many wait already that it is lost.
  public mutating func type(_ byte: UInt8) -> Bool {
    guard typedCount < typed.count else { return false }
    typed[(typedStart + typedCount) % typed.count] = byte
    typedCount += 1
    settleConsole()
    return true
  }

  /// The 32-bit register at a guest-physical address, if loading it changes nothing and its value is one number here,
  /// which can be loaded while another CPU changes it: GICD_TYPER and UARTFR, which guests poll.
  @inline(__always)
  func plainRegister(at address: GuestPhysicalAddress) -> UInt32? {
    if address == GuestMachine.console.start.advanced(by: PL011.flagsOffset) { return UInt32(console.flags) }
    if address == GuestMachine.distributor.start.advanced(by: 4) { return distributorType }
    return nil
  }

  /// What every access to the console ends with: it may have made room for typed characters, and its interrupt may have
  /// changed.
  @inline(__always)
  mutating func settleConsole() {
    if typedCount > 0 { passOnTypedCharacters() }
    updateConsoleLine()
  }

  /// Gives the console as many of the waiting characters as it has room for.
  private mutating func passOnTypedCharacters() {
    while typedCount > 0, console.receive(typed[typedStart]) {
      typedStart = (typedStart + 1) % typed.count
      typedCount -= 1
    }
  }

  mutating func readTimer(_ register: TimerRegister, vcpu: Int, at now: Instant) -> UInt64 {
    processors[vcpu].physicalTimer.read(register, at: now)
  }

  mutating func writeTimer(_ register: TimerRegister, vcpu: Int, value: UInt64, at now: Instant) {
    processors[vcpu].physicalTimer.write(value, to: register, at: now)
    updatePhysicalTimer(vcpu: vcpu, at: now)
  }

  func storedValue(_ register: StoredRegister, vcpu: Int) -> UInt64 {
    processors[vcpu].stored[Int(register.rawValue)]
  }

  mutating func store(_ value: UInt64, in register: StoredRegister, vcpu: Int) {
    processors[vcpu].stored[Int(register.rawValue)] = value & register.writableMask
  }

  func isDebugLocked(vcpu: Int) -> Bool { processors[vcpu].isDebugLocked }

  mutating func setDebugLock(vcpu: Int, isLocked: Bool) { processors[vcpu].isDebugLocked = isLocked }

  /// What belongs into the hardware's MDSCR_EL1. While the vCPU's OS lock is locked none of its debug exceptions come
  /// (DDI 0487, D2.3), which is what the hardware's own lock, open for all guests, would see to.
  func effectiveDebugControl(vcpu: Int) -> UInt64 {
    let control = storedValue(.debugControl, vcpu: vcpu)
    return processors[vcpu].isDebugLocked ? control & 1 << 12 : control
  }
}
