public import Architecture

extension Processor {
  /// The guests that this CPU can run.
  public static var hostedInstructionSets: HostedInstructionSets {
    // AArch32 at EL1 needs the world switch of its banked registers, which this backend does not have.
    HostedInstructionSets(aarch32: false, aarch64: true)
  }
}
