internal import ArmRegisters

// A system register's number is part of the instruction: sixteen list registers are sixteen instructions each way.

extension GICv3ListRegisters {
  /// ICH_LR<index>_EL2, for an index below 16.
  static func read(_ index: Int) -> UInt64 {
    switch index {
    case 0: read_ich_lr0()
    case 1: read_ich_lr1()
    case 2: read_ich_lr2()
    case 3: read_ich_lr3()
    case 4: read_ich_lr4()
    case 5: read_ich_lr5()
    case 6: read_ich_lr6()
    case 7: read_ich_lr7()
    case 8: read_ich_lr8()
    case 9: read_ich_lr9()
    case 10: read_ich_lr10()
    case 11: read_ich_lr11()
    case 12: read_ich_lr12()
    case 13: read_ich_lr13()
    case 14: read_ich_lr14()
    default: read_ich_lr15()
    }
  }

  /// Writes ICH_LR<index>_EL2, for an index below 16.
  static func write(_ index: Int, _ value: UInt64) {
    switch index {
    case 0: write_ich_lr0(value)
    case 1: write_ich_lr1(value)
    case 2: write_ich_lr2(value)
    case 3: write_ich_lr3(value)
    case 4: write_ich_lr4(value)
    case 5: write_ich_lr5(value)
    case 6: write_ich_lr6(value)
    case 7: write_ich_lr7(value)
    case 8: write_ich_lr8(value)
    case 9: write_ich_lr9(value)
    case 10: write_ich_lr10(value)
    case 11: write_ich_lr11(value)
    case 12: write_ich_lr12(value)
    case 13: write_ich_lr13(value)
    case 14: write_ich_lr14(value)
    default: write_ich_lr15(value)
    }
  }
}
