internal import Architecture
internal import ArmCommon
internal import Backend
internal import Virtualization

/// What is to be said of a VM: noted where it happens, composed and shown as a step of the console's work.
struct VMReport {
  /// What happened.
  var text: StaticString
  /// What else is known of it.
  var detail = Detail.nothing
  /// Whatever the VM has written of a line, it will not end it.
  var endsLine = true

  enum Detail {
    case nothing
    /// The syndrome that led to it.
    case syndrome(UInt64)
    /// Why a load or store could not be answered, and where it went.
    case refusal(TransferRefusal, GuestPhysicalAddress)
  }

  /// What follows the VM's name.
  func write(to line: inout ConsoleMessage) {
    line.write(text)
    switch detail {
    case .nothing: break
    case .syndrome(let syndrome):
      line.write(" (")
      line.write(Syndrome.registerName)
      line.write(" ")
      line.write(hexadecimal: syndrome)
      line.write(")")
    case .refusal(let refusal, let address):
      line.write(refusal.text)
      line.write(", at ")
      line.write(hexadecimal: address.rawValue)
    }
  }
}

extension Reference where Value == PhysicalCPU {
  /// Has something said of a VM.
  func announce(
    _ text: StaticString, _ detail: VMReport.Detail = .nothing, endsLine: Bool = true, of vm: Reference<HostedVM>
  ) {
    withConsole { console in
      console.announce(VMReport(text: text, detail: detail, endsLine: endsLine), of: vm.value.index)
      // Without an interrupt of the host's UART nobody would come back to it.
      if Hypervisor.shared.value.interrupts.console == HostInterrupts.none { console.sayAll() }
    }
  }
}
