internal import Architecture
internal import ArmCommon
internal import Configuration
internal import Virtualization

/// One VM on this host: its models, its memory, and where it stands.
struct HostedVM: ~Copyable {
  /// What the bundle says of it.
  let description: VMDescription
  /// What its guest sees.
  var machine: VirtualMachine
  /// Its stage 2.
  let space: TranslationTable
  /// Tags its translations in the TLB; one for the whole VM, never 0.
  let vmid: UInt16
  /// Where its RAM is.
  let memory: AddressRange<PhysicalAddress>
  /// Where its firmware's memory is; empty for none.
  let firmware: AddressRange<PhysicalAddress>
  /// Its vCPUs in `Hypervisor.vcpus`.
  let vcpus: Range<Int>
  /// What its virtual counter lags behind the system counter, in ticks.
  var counterOffset: UInt64 = 0
  /// Where it stands.
  var state = State.stopped
  /// How far its memory is loaded.
  var loading = Loading.done
  /// How often it was started.
  var startCount = 0

  enum State {
    case running
    /// Its guest turned it off, or may not be restarted.
    case stopped
    /// It was stopped for what its guest did, or for a fault of ours while we served it.
    case failed
  }
}
