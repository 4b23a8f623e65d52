internal import GuestEntry
internal import GuestSupport

/// What the console asked for and the main loop has not done yet.
nonisolated(unsafe) private(set) var isHistogramAsked = false

/// Obeys every byte that the console received. Called with interrupts masked.
func obeyInput() {
  while let byte = console.read() {
    switch byte {
    case UInt8(ascii: "h"): unsafe isHistogramAsked = true
    case UInt8(ascii: "r"): unsafe metronome.forget()
    case UInt8(ascii: "q"):
      console.write("metronome: off\n")
      PSCI.powerOff()
    case UInt8(ascii: "b"):
      console.write("metronome: reset\n")
      PSCI.reset()
    default: break
    }
  }
}

/// True once for every time that the histogram was asked for. Called with interrupts masked.
func takeHistogramRequest() -> Bool {
  defer { unsafe isHistogramAsked = false }
  return unsafe isHistogramAsked
}
