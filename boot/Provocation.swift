internal import DeviceTree
internal import Synchronization

/// A failure of the hypervisor that somebody asked for, by a word on the host's command line (/chosen bootargs): how a
/// panic looks on this board, and that one VM's end is not the others', is better seen once than believed.
enum Provocation {
  /// `tvisor.panic=boot`: before any guest runs.
  case atBoot
  /// `tvisor.panic=reset`: while a VM that resets itself is served.
  case atReset

  /// `tvisor.panic=twice`: before any guest runs, and again while that is being reported.
  case twice

  /// Set where a panic shall fail. Atomic, or the compiler would leave out what is written just before a trap.
  static let failsInPanic = Atomic<Bool>(false)

  /// What the command line asks for, if anything.
  init?(_ arguments: Text?) {
    guard let arguments else { return nil }
    if arguments.hasWord("tvisor.panic=boot") {
      self = .atBoot
    } else if arguments.hasWord("tvisor.panic=reset") {
      self = .atReset
    } else if arguments.hasWord("tvisor.panic=twice") {
      self = .twice
    } else {
      return nil
    }
  }

  /// Fails, where that was asked for before any guest runs.
  static func failAtBoot(_ provocation: Provocation?) {
    guard provocation == .atBoot || provocation == .twice else { return }
    failsInPanic.store(provocation == .twice, ordering: .sequentiallyConsistent)
    fail()
  }

  /// Fails as any other check of ours does.
  static func fail() -> Never { fatalError() }
}
