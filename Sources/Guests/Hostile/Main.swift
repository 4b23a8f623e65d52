internal import GuestEntry
internal import GuestSupport

/// Attacks, one line each, and then switches itself off. The arguments from /chosen/bootargs: `loop` repeats the attacks for
/// ever, with a word for wrong answers and for the end of each round only; `fp` checks the FP registers and nothing else.
@c(Hostile_main)
func main(treeAddress: UInt64) {
  let tree = MachineTree(at: treeAddress)
  console.start()
  InterruptController.start()
  hostile_allow_vectors()
  var tally = Tally()
  writeBanner(tree)
  repeat {
    if tree.has("fp") {
      attackFloatingPoint(&tally, milliseconds: 1000)
    } else {
      attackEverything(&tally, tree)
      tally.isLoud = false
      tally.writeEnd()
    }
  } while tree.has("loop") || tree.has("fp")
  leaveTimerActive()
  PSCI.powerOff()
}

private func attackEverything(_ tally: inout Tally, _ tree: borrowing MachineTree) {
  attackMemory(&tally, tree)
  attackRegisters(&tally)
  attackCalls(&tally)
  attackDevices(&tally)
  attackTimers(&tally)
  attackInterrupts(&tally)
  attackDeactivations(&tally)
  attackMaintenance(&tally, tree)
  attackFloatingPoint(&tally, milliseconds: 20)
}

private func writeBanner(_ tree: borrowing MachineTree) {
  console.write("hostile: GICv")
  console.write(decimal: InterruptController.current.isVersion3 ? 3 : 2)
  console.write(", memory ends at ")
  console.write(hexadecimal: tree.memoryEnd)
  console.write("\n")
}
