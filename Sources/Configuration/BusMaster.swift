internal import DeviceTree

extension DeviceTree.Node {
  /// True unless the device is known never to read or write memory by itself. What is not known is taken to do so.
  ///
  /// The devices below have no master port: where they take part in DMA, another device does it for them, to which the
  /// guest's tree has no reference.
  var mayMasterBus: Bool {
    let passive: [24 of Text] = [
      // UARTs.
      "arm,pl011", "arm,sbsa-uart", "ns16550", "ns16550a", "ns8250", "snps,dw-apb-uart", "brcm,bcm2835-aux-uart",
      "brcm,bcm7271-uart", "cdns,uart-r1p8", "cdns,uart-r1p12", "xlnx,xuartps",
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
