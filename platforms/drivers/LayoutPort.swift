internal import ArmRegisters

/// A UART that a `UARTLayout` describes.
public struct LayoutPort: UARTDriver {
  private let base: UInt
  private let dataWidth: UInt32
  private let kind: UARTLayout.Kind

  /// The port whose registers are mapped at `base`; `width` is how wide the tree wants accesses, where it says so.
  init(base: UInt, width: UInt32?, _ kind: UARTLayout.Kind) {
    self.kind = kind
    let layout = UARTLayout.all[Int(kind.rawValue)]
    self.base = base + UInt(layout.start)
    dataWidth = layout.dataWidth > 0 ? UInt32(layout.dataWidth) : width ?? 1
  }

  private var layout: UARTLayout { UARTLayout.all[Int(kind.rawValue)] }

  func initialize() {
    take(layout.setup)
    setTransmitInterrupt(false)
  }

  var transmitRoom: Int { holds(layout.hasRoom) ? 1 : 0 }

  func transmit(_ byte: UInt8) {
    take(layout.beforeByte)
    let address = base + UInt(layout.transmit)
    if dataWidth == 1 { device_store8(address, byte) } else { device_store32(address, UInt32(byte)) }
    take(layout.afterByte)
  }

  func setTransmitInterrupt(_ isOn: Bool) {
    var bits = isOn ? layout.receiveBits | layout.transmitBits : layout.receiveBits
    if layout.isMask { bits = ~bits }
    take(UARTLayout.Step(layout.interrupts, clear: layout.ownBits, set: bits & layout.ownBits))
  }

  func acknowledgeInterrupt() { take(layout.acknowledge) }

  func receive() -> UInt8? {
    guard holds(layout.hasReceived) else { return nil }
    let address = base + UInt(layout.receive)
    let byte = dataWidth == 1 ? device_load8(address) : UInt8(truncatingIfNeeded: device_load32(address))
    take(layout.afterReceived)
    return byte
  }

  @inline(never)
  private func holds(_ condition: UARTLayout.Condition) -> Bool {
    (load(condition.offset) & condition.bits != 0) == condition.isSet
  }

  @inline(never)
  private func take(_ steps: UARTLayout.Steps) {
    for index in 0..<steps.count { take(UARTLayout.steps[Int(steps.first &+ index)]) }
  }

  @inline(never)
  private func take(_ step: UARTLayout.Step) {
    store(step.offset, step.cleared == .max ? step.set : load(step.offset) & ~step.cleared | step.set)
  }

  private func load(_ offset: UInt16) -> UInt32 {
    let address = base + UInt(offset)
    return layout.width == 2 ? UInt32(device_load16(address)) : device_load32(address)
  }

  private func store(_ offset: UInt16, _ value: UInt32) {
    let address = base + UInt(offset)
    if layout.width == 2 {
      device_store16(address, UInt16(truncatingIfNeeded: value))
    } else {
      device_store32(address, value)
    }
  }
}
