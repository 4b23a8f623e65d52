import ARMv7
import ARMv8
import Architecture
import ArmCommon
import TestSupport
import Testing

/// True where an exit names nothing that a vCPU has not.
private func isSound(_ exit: Exit) -> Bool {
  switch exit {
  case .memory(let access): access.register < 32
  case .systemRegister(let access): access.generalRegister < 32
  case .coprocessor(let access):
    access.generalRegister < 32 && access.secondRegister < 32 && [10, 14, 15].contains(access.register.coprocessor)
  default: true
  }
}

@Suite("Fuzzing: decoders", .timeLimited)
struct DecodingTests {
  @Test("any ESR_EL2 is some exit, and what is skipped is two or four bytes")
  func syndromes64() {
    Fuzzing.run("ESR_EL2", 200_000) { fuzzing in
      let syndrome = UInt64(fuzzing.below(64)) << 26 | fuzzing.value() & 0x3ff_ffff | fuzzing.value() << 32
      let (state, place) = (fuzzing.value(), fuzzing.value())
      let exit = ARMv8.Syndrome(rawValue: syndrome).exit(at: GuestPhysicalAddress(place), state: state)
      if !isSound(exit) { Issue.record("\(syndrome), \(state): \(exit)") }
      let next = ARMv8.SkippedInstruction(programCounter: place, state: state, syndrome: syndrome)
      if ![2, 4].contains(next.programCounter &- place) { Issue.record("\(syndrome), \(state): skipped") }
    }
  }

  @Test("any HSR is some exit")
  func syndromes32() {
    Fuzzing.run("HSR", 200_000) { fuzzing in
      let syndrome = UInt32(fuzzing.below(64)) << 26 | UInt32(truncatingIfNeeded: fuzzing.value()) & 0x3ff_ffff
      let (state, place) = (UInt32(truncatingIfNeeded: fuzzing.value()), fuzzing.value())
      let exit = ARMv7.Syndrome(rawValue: syndrome).exit(at: GuestPhysicalAddress(place), state: state)
      if !isSound(exit) { Issue.record("\(syndrome), \(state): \(exit)") }
    }
  }

  /// A transfer has some registers of those that there are, and ends where its instruction does.
  private func describesWhatThereIs(_ description: TransferDescription) -> Bool {
    guard case .transfer(let transfer) = description else { return true }
    guard transfer.count <= 16, transfer.byteCount == 2 || transfer.byteCount == 4 else { return false }
    if let back = transfer.writeBack, back.register > 31 { return false }
    return (0..<transfer.count).allSatisfy { transfer[$0].register < 32 }
  }

  @Test("any instruction at any place, with any registers, is a transfer of registers that there are, or refused")
  func instructions() {
    var transferCount = 0
    Fuzzing.run("instructions", 200_000) { fuzzing in
      let word = UInt32(truncatingIfNeeded: fuzzing.random.next())
      let address = GuestPhysicalAddress(fuzzing.value())
      let (virtual, place, isWrite) = (fuzzing.value(), fuzzing.value(), fuzzing.below(2) == 0)
      let transfer =
        fuzzing.below(3) == 0
        ? UndescribedTransfer(
          programCounter: place & ~3, isBigEndian: false, virtualAddress: GuestVirtualAddress(virtual),
          address: address, isWrite: isWrite)
        : UndescribedTransfer(
          programCounter: UInt32(truncatingIfNeeded: place) & ~1,
          state: AArch32State(rawValue: UInt32(truncatingIfNeeded: fuzzing.value()) & ~(1 << 9)),
          virtualAddress: GuestVirtualAddress(virtual & 0xffff_ffff), address: address, isWrite: isWrite)
      // Registers mostly point to where the access went, so that many descriptions come to their end.
      let near = virtual &- UInt64(fuzzing.below(16))
      let base = fuzzing.below(4) == 0 ? fuzzing.value() : near
      let description = transfer.describe(
        translate: { GuestPhysicalAddress($0.rawValue) }, read: { _, count in count == 2 ? word & 0xffff : word },
        number: { $0 }, value: { _ in base })
      if !describesWhatThereIs(description) { Issue.record("\(word), \(virtual), \(base): \(description)") }
      if case .transfer = description { transferCount += 1 }
    }
    #expect(transferCount > 500)
  }

  @Test("every halfword of T32 is decoded")
  func halfwords() {
    for halfword in UInt16.min...UInt16.max where !DecodedTransfer.isLong(halfword) {
      if case .transfer(let instruction) = DecodedTransfer(t16: halfword) { #expect(instruction.byteCount == 2) }
    }
  }
}
