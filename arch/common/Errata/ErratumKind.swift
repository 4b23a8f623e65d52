extension Erratum {
  /// The kinds of errata, each with what it is and what is done.
  public enum Kind: UInt8, Sendable, CaseIterable {
    case speculativeTranslation
    case lostDomains
    case staleLoad
    case wrongStoreRegister
    case multiplyAccumulate
    case pageAddress
    case lateInvalidation
    case cleaning
    case deviceDeadlock
    case hiddenStage1Fault
    case counterRollover
    case counterOf32Bits
    case encryptionOf32Bits
    case dirtyState
    case singleStep
    case errorSeverity
    case setWayOrder
    case stalePrefetch
    case storeBypass
    case controlBit

    /// What is done about it.
    public var answer: Answer {
      switch self {
      case .speculativeTranslation, .lostDomains, .staleLoad, .wrongStoreRegister: .handled
      case .multiplyAccumulate, .pageAddress, .lateInvalidation, .cleaning, .dirtyState, .singleStep, .errorSeverity:
        .avoided
      case .counterOf32Bits, .encryptionOf32Bits, .setWayOrder, .stalePrefetch, .storeBypass: .guests
      case .controlBit: .firmware
      case .deviceDeadlock, .hiddenStage1Fault, .counterRollover: .open
      }
    }
  }
}

// In words, for people. The image has none of them.

extension Erratum.Kind {
  /// What it is.
  public var description: StaticString {
    switch self {
    case .speculativeTranslation:
      "a speculative AT walks with registers of two guests, and the TLB keeps what it finds"
    case .lostDomains: "DACR32_EL2 is lost where it is written after AArch64's translation registers"
    case .staleLoad:
      "a load of a 32-bit program gets what AArch64 has just loaded from where the lower 32 bits of the address are the same"
    case .wrongStoreRegister: "the syndrome of a T32 store names another register than the one stored"
    case .multiplyAccumulate: "a 64-bit multiply-accumulate right behind a load or store gives a wrong sum"
    case .pageAddress: "an ADRP in the last two words of a page, followed by a load or store, gives a wrong address"
    case .lateInvalidation: "a broadcast TLB invalidation completes before the accesses that used what it removes"
    case .cleaning: "a clean of a cache line without its invalidation corrupts data, or hangs"
    case .deviceDeadlock: "exclusives, load-acquires or PAR reads among accesses to device memory hang the core"
    case .hiddenStage1Fault: "a stage-2 fault is reported where the guest's own tables have a fault too"
    case .counterRollover: "the counter reads wrong while its lower 32 bits wrap"
    case .counterOf32Bits: "32-bit programs read the counter wrong"
    case .encryptionOf32Bits: "an interrupt between two AES instructions of a 32-bit program corrupts their result"
    case .dirtyState: "the hardware's update of a descriptor's dirty state is lost"
    case .singleStep: "an exception at a single step is reported wrong"
    case .errorSeverity: "an uncontained error is reported as one that one can recover from"
    case .setWayOrder: "cache maintenance by set and way of one level overtakes another's"
    case .stalePrefetch: "instructions that another core changed are fetched as they were"
    case .storeBypass: "PSTATE.SSBS takes effect late"
    case .controlBit: "worked around by a bit of the core's own control registers"
    }
  }

  /// What is done about it, and where.
  public var treatment: StaticString {
    switch self {
    case .speculativeTranslation:
      "between two vCPUs stage 2 is an empty table under nobody's VMID (`TrapControls.parkGuestSpace`)"
    case .lostDomains: "32-bit registers are loaded first (`GuestContext.load`)"
    case .staleLoad:
      "CONTEXTIDR_EL1 is written on the way back to a 32-bit guest (other vectors, arch/armv8/asm/vectors.S)"
    case .wrongStoreRegister:
      "the register is read from the guest's instruction (other vectors, arch/armv7/asm/vectors.S)"
    case .multiplyAccumulate, .pageAddress:
      "compiler and linker leave no such sequence; the build fails where one is left (`VulnerableSequence`)"
    case .lateInvalidation:
      "nothing is unmapped while guests run: EL2 broadcasts at start-up only; guests do as on the core itself"
    case .cleaning: "EL2 cleans with invalidation only, and guests' cleans by set and way invalidate (HCR_EL2.SWIO)"
    case .deviceDeadlock: "a guest can stop its CPU: give such a core to guests that are trusted"
    case .hiddenStage1Fault:
      "the guest's program may reach an emulated device through a mapping that its own kernel denies it"
    case .counterRollover: "time may jump by 2³² ticks for one reading"
    case .counterOf32Bits: "guests' kernels trap the reading"
    case .encryptionOf32Bits: "guests' kernels hide the instructions"
    case .dirtyState: "no table of EL2's lets hardware update it (VTCR_EL2.HD, TCR_EL2.HD)"
    case .singleStep: "EL2 steps no guest, and takes no step itself"
    case .errorSeverity: "any SError of a guest's stops its VM, whatever its syndrome says"
    case .setWayOrder: "EL2 does none; guests put a barrier between two levels"
    case .stalePrefetch: "EL2 drops all instruction caches when a guest is loaded; guests do as on the core itself"
    case .storeBypass: "guests' kernels put a barrier behind it"
    case .controlBit: "has to be set before EL2: Trusted Firmware does; the Raspberry Pi's stub does not"
    }
  }
}

extension Erratum.Answer {
  /// The word for it.
  public var name: StaticString {
    switch self {
    case .handled: "handled"
    case .avoided: "avoided"
    case .firmware: "firmware's"
    case .guests: "guests'"
    case .open: "open"
    }
  }
}

extension Erratum.Source {
  /// The word for it.
  public var name: StaticString {
    switch self {
    case .linux: "Linux"
    case .xen: "Xen"
    case .firmware: "TF-A"
    }
  }
}
