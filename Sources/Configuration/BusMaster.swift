internal import DeviceTree
internal import Drivers

extension DeviceTree.Node {
  /// True unless the device is known never to read or write memory by itself. What is not known is taken to do so.
  ///
  /// The devices below have no master port: where they take part in DMA, another device does it for them, to which the
  /// guest's tree has no reference.
  var mayMasterBus: Bool {
    // UARTs are known to their drivers.
    if let model = ConsoleModel.first(where: { isCompatible(with: Text($0)) }) { return model.mastersBus }
    let passive: [13 of Text] = [
      // GPIO.
      "arm,pl061", "brcm,bcm2835-gpio", "brcm,bcm2711-gpio", "xlnx,zynqmp-gpio-1.0", "fsl,imx35-gpio",
      // Clocks, timers and watchdogs.
      "arm,pl031", "arm,sp804", "arm,sp805", "brcm,bcm2835-system-timer", "cdns,ttc", "cdns,wdt-r1p2",
      // Random numbers and two-wire buses.
      "brcm,bcm2835-rng", "brcm,bcm2835-i2c",
    ]
    for index in passive.indices where isCompatible(with: passive[index]) { return false }
    return true
  }
}
