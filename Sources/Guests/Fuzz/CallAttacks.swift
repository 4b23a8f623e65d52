internal import GuestEntry
internal import GuestSupport

extension Attacker {
  /// HVC and SMC with any function and any arguments. What would end the VM is left out; what restarts it is rare, and so is
  /// what sends the other vCPU to where it never comes back from.
  mutating func attackCall() {
    begin()
    let function = randomFunction()
    set(0, function)
    set(1, random.oneIn(2) ? UInt64(random.below(4)) : Places.value(&random))
    set(2, Places.value(&random))
    switch function & 0xbfff_ffff {
    case 0x8400_0008: return
    case 0x8400_0009, 0x8400_0012: guard random.oneIn(256) else { return }
    case 0x8400_0002: guard processor != 0, random.oneIn(4) else { return }
    case 0x8400_0001, 0x8400_000c, 0x8400_000e: armWake(after: UInt64(random.below(40_000)))
    case 0x8400_0003: if !random.oneIn(64) { set(2, fuzz_second_address()) }
    default: break
    }
    let immediate: UInt32 = random.oneIn(8) ? random.word() : 0
    add(random.oneIn(2) ? Code.hypervisorCall(immediate) : Code.monitorCall(immediate))
    fire()
  }

  private mutating func randomFunction() -> UInt64 {
    let width = UInt64(random.below(2)) << 30
    return switch random.below(8) {
    case 0: random.next()
    case 1: UInt64(random.word())
    // Every owner of the calling convention, fast and not.
    case 2: UInt64(random.below(2)) << 31 | width | UInt64(random.below(64)) << 24 | UInt64(random.below(0x100))
    case 3: 0x8000_0000 | width | UInt64(random.below(4))
    case 4: 0x8400_0003 | width
    case 5: 0x8400_0004 | width
    default: 0x8400_0000 | width | UInt64(random.below(0x20))
    }
  }
}
