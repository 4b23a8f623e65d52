internal import DeviceTree

/// A failure of the hypervisor that somebody asked for, by a word on the host's command line (/chosen bootargs): how a
/// panic looks on this board, and that one VM's end is not the others', is better seen once than believed.
enum Provocation {
  /// `tvisor.panic=boot`: before any guest runs.
  case atBoot
  /// `tvisor.panic=reset`: while a VM that resets itself is served.
  case atReset

  /// What the command line asks for, if anything.
  init?(_ arguments: Text?) {
    guard let arguments else { return nil }
    if arguments.hasWord("tvisor.panic=boot") {
      self = .atBoot
    } else if arguments.hasWord("tvisor.panic=reset") {
      self = .atReset
    } else {
      return nil
    }
  }

  /// Fails as any other check of ours does.
  static func fail() -> Never { fatalError() }
}
