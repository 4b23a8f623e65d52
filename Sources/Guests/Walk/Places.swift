internal import GuestEntry
internal import GuestSupport

// What a program built for QEMU's `virt` takes for granted, because it never asks: the places of things.

/// Says where the device tree, the virtio transports and the seeds are, and what the firmware's random numbers are like.
func sayPlaces(_ registerZero: UInt64) {
  sayTree(registerZero)
  sayTransports()
  saySeeds()
  sayRandomNumbers()
}

/// The tree is at the base of RAM, where QEMU puts it for a program that it does not tell.
private func sayTree(_ address: UInt64) {
  let word = UInt32(truncatingIfNeeded: guest_load32(VirtMachine.memory)).byteSwapped
  console.write(word == 0xd00d_feed ? "walk: tree at the base of RAM" : "walk: NO TREE at the base of RAM")
  console.write(address == VirtMachine.memory ? ", as the first register says\n" : "\n")
}

/// There are 32 transports without a device: version 1, device 0, QEMU's name.
private func sayTransports() {
  var right: UInt64 = 0
  for index in 0..<32 as Range<UInt64> {
    let transport = RegisterBlock(VirtMachine.virtio &+ index &* 0x200)
    var (magic, version, device, vendor): (UInt32, UInt32, UInt32, UInt32) = (0, 0, 1, 0)
    let fault = probe {
      magic = transport[0]
      version = transport[4]
      device = transport[8]
      vendor = transport[12]
      transport[0x70] = 0
    }
    if fault == nil, magic == 0x7472_6976, version == 1, device == 0, vendor == 0x554d_4551 { right &+= 1 }
  }
  console.write("walk: empty transports: ")
  console.write(decimal: right)
  console.write("\n")
}

private func saySeeds() {
  let tree = MachineTree(at: VirtMachine.memory)
  say("kaslr-seed", tree.kaslrSeed)
  say("rng-seed", tree.randomSeed)
}

private func say(_ name: StaticString, _ place: Range<UInt64>) {
  console.write("walk: ")
  console.write(name)
  console.write(" of ")
  console.write(decimal: place.upperBound &- place.lowerBound)
  console.write(" bytes: ")
  if place.isEmpty {
    console.write("none\n")
    return
  }
  // Enough of it to tell it from others.
  console.write(hexadecimal: guest_load32(place.lowerBound) << 32 | guest_load32(place.upperBound &- 4))
  console.write("\n")
}

/// SMCCC TRNG (Arm DEN 0098), in the 32-bit form that both instruction sets have.
private func sayRandomNumbers() {
  guard PSCI.call(0x8400_0050) & 0xffff_ffff == 0x1_0000, PSCI.call(0x8400_0051, 0x8400_0053) & 0xffff_ffff == 0 else {
    console.write("walk: no random numbers\n")
    return
  }
  var registers = guest_call()
  registers.x.0 = 0x8400_0053
  registers.x.1 = 96
  unsafe guest_call_hvc(&registers)
  console.write("walk: random numbers: ")
  console.write(hexadecimal: registers.x.0)
  console.write(" ")
  console.write(hexadecimal: registers.x.1 << 32 | registers.x.2 & 0xffff_ffff)
  console.write(" ")
  console.write(hexadecimal: registers.x.3)
  console.write("\n")
}
