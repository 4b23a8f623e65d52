import Architecture
import ArmCommon
import TestSupport
import Testing

@Suite("Conditions", .timeLimited)
struct ConditionCodeTests {
  /// DDI 0406C, Table A8-1, written out name by name.
  private func holds(_ name: String, n: Bool, z: Bool, c: Bool, v: Bool) -> Bool {
    switch name {
    case "EQ": z
    case "NE": !z
    case "CS": c
    case "CC": !c
    case "MI": n
    case "PL": !n
    case "VS": v
    case "VC": !v
    case "HI": c && !z
    case "LS": !c || z
    case "GE": n == v
    case "LT": n != v
    case "GT": !z && n == v
    case "LE": z || n != v
    default: true
    }
  }

  @Test("Each of the sixteen conditions holds for exactly the flags that the table says")
  func table() {
    let names = ["EQ", "NE", "CS", "CC", "MI", "PL", "VS", "VC", "HI", "LS", "GE", "LT", "GT", "LE", "AL", "-"]
    for (number, name) in names.enumerated() {
      for flags: UInt8 in 0..<16 {
        let expected = holds(name, n: flags & 8 != 0, z: flags & 4 != 0, c: flags & 2 != 0, v: flags & 1 != 0)
        #expect(ConditionCode(rawValue: UInt8(number)).isMet(by: flags) == expected, "\(name) \(flags)")
      }
    }
  }
}

@Suite("The state of a CPU in AArch32", .timeLimited)
struct AArch32StateTests {
  /// CPSR in User mode with T32 and ITSTATE `block`: IT[7:2] in 15:10, IT[1:0] in 26:25.
  private func thumb(_ block: UInt32) -> AArch32State {
    AArch32State(rawValue: (block & 3) << 25 | (block >> 2) << 10 | 0x30)
  }

  @Test("An IT instruction's block lasts as long as its mask says, and gives each instruction its condition")
  func blocks() {
    for condition: UInt32 in 0..<15 {
      for mask: UInt32 in 1..<16 {
        // IT sets ITSTATE to firstcond:mask. The lowest set bit of the mask tells the length, those above it each of the
        // following instructions' low condition bit (DDI 0406C, A8.8.54).
        let length = 4 - mask.trailingZeroBitCount
        var state = thumb(condition << 4 | mask)
        for index in 0..<length {
          let low = index == 0 ? condition & 1 : mask >> UInt32(4 - index) & 1
          #expect(state.blockCondition == ConditionCode(rawValue: UInt8(condition & 14 | low)))
          state = state.afterInstruction
        }
        #expect(state.rawValue == 0x30, "\(condition) \(mask)")
        #expect(state.blockCondition == .always)
      }
    }
  }

  @Test("Only T32 has blocks; the same bits of A32 stay")
  func arm() {
    let state = AArch32State(rawValue: 0x0600_fc10)
    #expect(state.afterInstruction == state)
    #expect(state.blockCondition == .always)
  }

  @Test("Fields are where CPSR has them")
  func fields() {
    var state = AArch32State(rawValue: 0xa000_0233)
    #expect(state.flags == 0b1010 && state.mode == 0x13 && state.isThumb && state.isBigEndian && state.isAArch32)
    state.flags = 0b0101
    #expect(state.rawValue == 0x5000_0233)
    state.block = 0xff
    #expect(state.rawValue == 0x5600_fe33)
    #expect(!AArch32State(rawValue: 0x5).isAArch32)
  }

  @Test("SPSR_EL2 has DIT in bit 24, CPSR in bit 21; SS is SPSR_EL2's alone")
  func hypervisorState() {
    #expect(AArch32State(hypervisorState: 0x0100_01d3).rawValue == 0x0020_01d3)
    #expect(AArch32State(hypervisorState: 0x0020_01d3).rawValue == 0x0000_01d3)
    #expect(AArch32State(rawValue: 0x0020_01d3).hypervisorState == 0x0100_01d3)
    for bit: UInt64 in 0..<32 where bit != 21 && bit != 24 {
      #expect(AArch32State(hypervisorState: 1 << bit).hypervisorState == 1 << bit)
    }
  }
}

@Suite("Banked registers", .timeLimited)
struct BankedRegisterTests {
  /// DDI 0487, "Mapping of the general-purpose registers between the Execution states": the name of each of x0 to x30.
  private static let names =
    (0...7).map { "R\($0)" } + (8...12).map { "R\($0)_usr" }
    + [
      "SP_usr", "LR_usr", "SP_hyp", "LR_irq", "SP_irq", "LR_svc", "SP_svc", "LR_abt", "SP_abt", "LR_und", "SP_und",
    ] + (8...12).map { "R\($0)_fiq" } + ["SP_fiq", "LR_fiq"]

  private static let modes: [(UInt8, String)] = [
    (0x10, "usr"), (0x11, "fiq"), (0x12, "irq"), (0x13, "svc"), (0x17, "abt"), (0x1b, "und"), (0x1f, "usr"),
  ]

  @Test("Every register of every mode is the one that the table names")
  func table() {
    for (mode, suffix) in Self.modes {
      for register: UInt8 in 0...14 {
        let expected =
          switch register {
          case 0...7: "R\(register)"
          case 8...12: "R\(register)_" + (suffix == "fiq" ? "fiq" : "usr")
          case 13: "SP_\(suffix)"
          default: "LR_\(suffix)"
          }
        let number = BankedRegister.number(of: register, mode: mode)
        #expect(Self.names[Int(number)] == expected, "R\(register) in mode \(mode)")
      }
      #expect(BankedRegister.number(of: 15, mode: mode) == 31)
    }
  }

  @Test("To translate a number that has been translated changes nothing for registers 8 to 14")
  func twice() {
    for (mode, _) in Self.modes {
      for register: UInt8 in 8...14 {
        let number = BankedRegister.number(of: register, mode: mode)
        guard (8...14).contains(number) else { continue }
        #expect(BankedRegister.number(of: number, mode: mode) == number)
      }
    }
  }

  @Test("A mode that there is not has User mode's registers")
  func invalid() {
    for mode: UInt8 in 0..<32 {
      for register: UInt8 in 0..<255 {
        let number = BankedRegister.number(of: register, mode: mode)
        #expect(number <= 31 && number != 15)
      }
    }
    #expect(BankedRegister.number(of: 13, mode: 0x14) == 13)
  }
}

@Suite("Entry to an AArch32 guest's exception handler", .timeLimited)
struct AArch32ExceptionEntryTests {
  private func entry(
    _ fault: GuestFault, _ state: UInt32 = 0x6000_0010, sctlr: UInt32 = 0, ttbcr: UInt32 = 0,
    vbar: UInt32 = 0x8000_0000,
    pan: Bool = false
  ) -> AArch32ExceptionEntry {
    AArch32ExceptionEntry(
      fault: fault, programCounter: 0x1000, state: AArch32State(rawValue: state),
      controls: .init(system: sctlr, translation: ttbcr, vectors: vbar, hasPrivilegedAccessNever: pan))
  }

  private static let store = GuestFault.dataAbort(isWrite: true)
  private static let load = GuestFault.dataAbort(isWrite: false)
  private static let faults: [GuestFault] = [.undefined, .instructionAbort, store, load]

  @Test("An alignment fault is 0b00001 with short descriptors, 0b100001 with long ones, and else as a data abort")
  func alignment() {
    for isWrite in [false, true] {
      for (ttbcr, status) in [(0, 0b00001), (1 << 31, 1 << 9 | 0b100001)] as [(UInt32, UInt32)] {
        let fault = entry(.alignment(isWrite: isWrite), ttbcr: ttbcr)
        let abort = entry(.dataAbort(isWrite: isWrite), ttbcr: ttbcr)
        // DFSR.WnR.
        #expect(fault.faultStatus == status | (isWrite ? 1 << 11 : 0))
        #expect(fault.linkRegister == abort.linkRegister && fault.programCounter == abort.programCounter)
        #expect(fault.state == abort.state && !fault.isUndefinedMode)
      }
    }
  }

  @Test("Undefined mode for an undefined instruction, Abort mode for aborts")
  func modes() {
    #expect(entry(.undefined).state.mode == 0x1b && entry(.undefined).isUndefinedMode)
    for fault in [GuestFault.instructionAbort, Self.store, Self.load] {
      #expect(entry(fault).state.mode == 0x17 && !entry(fault).isUndefinedMode)
    }
  }

  @Test("LR is the instruction plus 4 or 2, plus 4, plus 8")
  func linkRegister() {
    let (arm, thumb): (UInt32, UInt32) = (0x10, 0x30)
    #expect(entry(.undefined, arm).linkRegister == 0x1004)
    #expect(entry(.undefined, thumb).linkRegister == 0x1002)
    for state in [arm, thumb] {
      #expect(entry(.instructionAbort, state).linkRegister == 0x1004)
      #expect(entry(Self.load, state).linkRegister == 0x1008)
    }
  }

  @Test("The vectors are at VBAR, or high where SCTLR.V says so")
  func vectors() {
    let offsets: [UInt32] = [0x04, 0x0c, 0x10, 0x10]
    for (fault, offset) in zip(Self.faults, offsets) {
      #expect(entry(fault).programCounter == 0x8000_0000 + offset)
      #expect(entry(fault, vbar: 0x8000_001f).programCounter == 0x8000_0000 + offset)
      #expect(entry(fault, sctlr: 1 << 13).programCounter == 0xffff_0000 + offset)
    }
  }

  @Test("I is masked, A by aborts only, F stays; IT, J, T, E and IL are new, the flags and GE stay")
  func state() {
    // N, C, Q, J, GE 0xa, E, F, T, and an IT block, in User mode.
    let before: UInt32 = 0xa800_0000 | 1 << 24 | 0xa << 16 | 1 << 9 | 1 << 6 | 1 << 5 | 0x0600_fc00 | 0x10
    let kept: UInt32 = 0xa80a_0040
    #expect(entry(.undefined, before).state.rawValue == kept | 1 << 7 | 0x1b)
    for fault in [GuestFault.instructionAbort, Self.store, Self.load] {
      #expect(entry(fault, before).state.rawValue == kept | 1 << 8 | 1 << 7 | 0x17)
    }
    #expect(entry(.undefined, before).savedState.rawValue == before)
    #expect(entry(.undefined, 0x10 | 1 << 20).state.rawValue == 0x9b, "IL")
    #expect(entry(.undefined, 0x10 | 1 << 8).state.rawValue == 0x19b, "A was set")
  }

  @Test("SCTLR.TE and EE give the handler its instruction set and endianness")
  func controls() {
    #expect(entry(.undefined, sctlr: 1 << 30).state.rawValue & 0x220 == 0x20)
    #expect(entry(.undefined, sctlr: 1 << 25).state.rawValue & 0x220 == 0x200)
    #expect(entry(Self.load, 0x30, sctlr: 0).state.rawValue & 0x220 == 0)
  }

  @Test("PAN is set by SPAN = 0 where there is PAN, and SSBS comes from DSSBS")
  func laterBits() {
    #expect(entry(.undefined, sctlr: 0).state.rawValue >> 22 & 1 == 0)
    #expect(entry(.undefined, sctlr: 0, pan: true).state.rawValue >> 22 & 1 == 1)
    #expect(entry(.undefined, sctlr: 1 << 23, pan: true).state.rawValue >> 22 & 1 == 0)
    #expect(entry(.undefined, 0x10 | 1 << 22, sctlr: 1 << 23, pan: true).state.rawValue >> 22 & 1 == 1)
    #expect(entry(.undefined, sctlr: 1 << 31).state.rawValue >> 23 & 1 == 1)
    #expect(entry(.undefined, 0x10 | 1 << 23).state.rawValue >> 23 & 1 == 0)
  }

  @Test("An abort is a synchronous external one, in the format that TTBCR.EAE selects")
  func faultStatus() {
    // Short: FS = 0b01000 in bits 10 and 3:0. Long: LPAE is bit 9, STATUS = 0b010000. WnR is bit 11.
    #expect(entry(.undefined).faultStatus == nil)
    #expect(entry(.instructionAbort).faultStatus == 0b1000)
    #expect(entry(Self.load).faultStatus == 0b1000)
    #expect(entry(Self.store).faultStatus == 0b1000_0000_1000)
    #expect(entry(.instructionAbort, ttbcr: 1 << 31).faultStatus == 0b10_0001_0000)
    #expect(entry(Self.load, ttbcr: 1 << 31).faultStatus == 0b10_0001_0000)
    #expect(entry(Self.store, ttbcr: 1 << 31).faultStatus == 0b1010_0001_0000)
  }
}
