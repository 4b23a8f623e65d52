internal import GuestEntry
internal import GuestSupport

extension Attacker {
  /// One attack of any kind.
  mutating func attack() {
    switch random.below(100) {
    case 0..<30: attackPlaces()
    case 30..<46: attackRegister()
    case 46..<52: attackAnything()
    case 52..<60: attackCall()
    case 60..<72: attackController()
    case 72..<76: attackTimer()
    case 76..<79: attackSleep()
    case 79..<83: attackUnmasked()
    case 83..<86: attackFetch()
    case 86..<90: attackTranslation()
    case 90..<94: attackFromUser()
    case 94..<96: attackDebug()
    case 96..<97: attackUntranslated()
    case 97..<99: attackVectors()
    default: attackOther()
    }
  }

  /// Loads and stores of every form.
  private mutating func attackPlaces() {
    begin()
    for _ in 0..<(1 &+ random.below(3)) {
      add(
        random.oneIn(4)
          ? random.oneIn(2) ? Code.load(random.below(4)) : Code.store(random.below(4))
          : Code.transfer(&random))
    }
    fire()
  }

  /// System registers, maintenance of caches and translations, hints.
  private mutating func attackRegister() {
    begin()
    if random.oneIn(2) { set(0, Places.value(&random)) }
    add(Code.system(&random))
    fire()
  }

  private mutating func attackAnything() {
    begin()
    for _ in 0..<(1 &+ random.below(4)) { add(Code.any(&random)) }
    fire()
  }

  private mutating func attackVectors() {
    begin()
    for _ in 0..<(1 &+ random.below(4)) { add(Code.vector(&random)) }
    fire()
  }

  /// The timers' extremes: far, past, at the wrap, now.
  private mutating func attackTimer() {
    begin()
    for number in 0..<3 as Range<UInt32> {
      let now = Counter.now
      let value: UInt64 =
        switch random.below(6) {
        case 0: now &+ UInt64(random.below(10_000))
        case 1: random.pick(0, ~0, 1 << 63, 1 << 63 &- 1)
        case 2: UInt64(random.below(8))
        case 3: random.pick(0x8000_0000, 0x7fff_ffff, 0xffff_ffff, 0xffff_ffff_8000_0000)
        case 4: now &- UInt64(random.word())
        default: random.next()
        }
      set(number, value)
    }
    for _ in 0..<(1 &+ random.below(3)) { add(Code.timerRegister(&random)) }
    fire()
  }

  /// Instructions from devices, holes, beyond everything and from odd addresses.
  private mutating func attackFetch() {
    begin()
    fire(at: Places.address(&random), in: random.oneIn(4) ? fuzz_state_thread : fuzz_state_own)
  }

  /// Translation off, where addresses are the guest-physical ones and every access is a device's.
  private mutating func attackUntranslated() {
    if Places.isGroundKept { return }
    begin()
    set(0, Code.untranslated)
    add(Code.writeControl)
    add(Code.barrier)
    add(Code.transfer(&random))
    fire()
  }

  /// From User mode or EL0, of either instruction set, where more traps and less is allowed.
  private mutating func attackFromUser() {
    begin()
    let is32 = random.oneIn(2)
    for _ in 0..<(1 &+ random.below(3)) {
      if is32 {
        add(random.oneIn(2) ? A32Code.coprocessor(&random) : A32Code.transfer(&random))
      } else {
        add(random.oneIn(2) ? Code.system(&random) : Code.transfer(&random))
      }
    }
    add(is32 ? 0xef00_0000 : Code.supervisorCall)
    fire(at: aliasOfCode, in: is32 ? fuzz_state_user32 : random.oneIn(4) ? fuzz_state_thread : fuzz_state_user)
  }

  /// Breakpoints, watchpoints, single steps, the OS lock, the PMU.
  private mutating func attackDebug() {
    begin()
    set(0, random.oneIn(2) ? fuzz_code_address(processor) &+ UInt64(random.below(16)) : Places.value(&random))
    set(2, Places.value(&random) | UInt64(random.below(2)) << 13 | UInt64(random.below(2)) << 15)
    for _ in 0..<random.below(4) { add(Code.debugRegister(&random)) }
    add(Code.writeDebugControl)
    if random.oneIn(2) { add(Code.unmaskDebug) }
    add(Code.barrier)
    add(random.oneIn(2) ? Code.load(2) : Code.pause)
    fire()
    begin()
    set(2, 0)
    add(Code.writeDebugControl)
    fire()
  }

  /// T32's loads and stores for who has them.
  private mutating func attackOther() {
    begin()
    for _ in 0..<(1 &+ random.below(3)) { add(A32Code.thumbTransfer(&random)) }
    // Two times SVC of T32.
    add(0xdf00_df00)
    fire(at: aliasOfCode, in: fuzz_state_user32 | 0x20)
  }
}
