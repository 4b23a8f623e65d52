internal import Architecture
internal import ArmRegisters
internal import Backend
internal import Configuration
internal import DeviceTree
internal import Virtualization

/// What guests' random numbers come from: the seeds that the loader left for us, which are wiped, the CPU's own random numbers
/// where it has them, and the time. Where there is nothing but the time, none.
struct Randomness: ~Copyable {
  private(set) var source: RandomSource

  /// Gathers it. `tvisor.seed=TEXT` on the command line stands for all of it, for who wants the same run again.
  init(_ machine: MachineDescription) {
    let fixed = machine.bootArguments?.word(after: "tvisor.seed=")
    source = RandomSource(isRepeatable: fixed != nil)
    let chosen = machine.tree.node(path: "/chosen")
    let seeds: [2 of Text] = ["kaslr-seed", "rng-seed"]
    for index in seeds.indices {
      guard let seed = chosen?[seeds[index]] else { continue }
      if fixed == nil { take(seed.bytes) }
      // The tree is ours, and nobody else sees it, nor shall any more what its seed was.
      unsafe seed.bytes.withUnsafeBytes { bytes in
        guard let start = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress) else { return }
        unsafe start.initializeMemory(as: UInt8.self, repeating: 0, count: bytes.count)
      }
    }
    if let fixed { take(unsafe fixed.span.bytes) } else { takeNumbers() }
  }

  /// Takes in the CPU's own random numbers.
  private mutating func takeNumbers() {
    for _ in 0..<4 {
      guard let number = Processor.randomNumber() else { return }
      var seed: [8 of UInt32] = .init(repeating: 0)
      seed[0] = UInt32(truncatingIfNeeded: number)
      seed[1] = UInt32(truncatingIfNeeded: number >> 32)
      source.mix(seed, at: read_physical_counter(), isRandom: true)
    }
  }

  /// Takes in bytes. All zeros, as a loader leaves that has used its seed up, are worth nothing.
  @inline(never)
  private mutating func take(_ bytes: RawSpan) {
    var seed: [8 of UInt32] = .init(repeating: 0)
    var isRandom = false
    for index in 0..<bytes.byteCount {
      let byte = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      isRandom = isRandom || byte != 0
      seed[index / 4 % 8] ^= UInt32(byte) << UInt32(index % 4 * 8)
      guard index % 32 == 31 || index == bytes.byteCount - 1 else { continue }
      source.mix(seed, at: read_physical_counter(), isRandom: isRandom)
      seed = .init(repeating: 0)
    }
  }
}
