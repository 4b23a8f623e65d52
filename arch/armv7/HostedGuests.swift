public import Architecture

extension Processor {
  /// The guests that this CPU can run.
  public static var hostedInstructionSets: HostedInstructionSets {
    HostedInstructionSets(aarch32: true, aarch64: false)
  }
}
