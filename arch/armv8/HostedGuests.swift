internal import ARMv8Assembly
public import Architecture

extension Processor {
  /// The guests that this CPU can run: those in AArch32 where its EL1 knows it (ID_AA64PFR0_EL1.EL1 = 2).
  public static var hostedInstructionSets: HostedInstructionSets {
    HostedInstructionSets(aarch32: read_id_aa64pfr0_el1() >> 4 & 0xf == 2, aarch64: true)
  }
}
