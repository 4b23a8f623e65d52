/// A kind of UART that there is a driver for, by the name that device trees have for it.
public struct ConsoleModel: Sendable {
  /// The name in `compatible`.
  public let compatible: StaticString
  private let driver: Driver
  private let shift: UInt8
  private let width: UInt8
  private let depth: UInt8

  /// True where the port itself may read and write memory. In others, another device does DMA for them.
  public let mastersBus: Bool

  private enum Driver {
    case pl011, ns16550, cadence, imx
    /// Those that a table of registers describes.
    case layout(UARTLayout.Kind)
  }

  private init(
    _ compatible: StaticString, _ driver: Driver, shift: UInt8 = 0, width: UInt8 = 1, depth: UInt8 = 1,
    mastersBus: Bool = false
  ) {
    self.compatible = compatible
    self.driver = driver
    self.shift = shift
    self.width = width
    self.depth = depth
    self.mastersBus = mastersBus
  }

  /// All of them. `shift` and `width` are what the name implies where the tree says nothing (`reg-shift`, `reg-io-width`);
  /// `depth` is how much an empty FIFO takes where it is known.
  public static let all: [42 of ConsoleModel] = [
    ConsoleModel("arm,pl011", .pl011),
    ConsoleModel("arm,sbsa-uart", .pl011),
    ConsoleModel("brcm,bcm2835-aux-uart", .ns16550, shift: 2, width: 4),
    ConsoleModel("snps,dw-apb-uart", .ns16550, depth: 16),
    ConsoleModel("marvell,armada-38x-uart", .ns16550, depth: 16),
    ConsoleModel("nvidia,tegra20-uart", .ns16550, shift: 2, width: 4, depth: 16),
    ConsoleModel("mediatek,mt6577-uart", .ns16550, shift: 2, width: 4, depth: 16),
    ConsoleModel("ti,am654-uart", .ns16550, shift: 2, width: 4, depth: 16),
    ConsoleModel("ti,am3352-uart", .ns16550, shift: 2, width: 4, depth: 16),
    ConsoleModel("ti,omap4-uart", .ns16550, shift: 2, width: 4, depth: 16),
    ConsoleModel("ti,omap3-uart", .ns16550, shift: 2, width: 4, depth: 16),
    ConsoleModel("ti,omap2-uart", .ns16550, shift: 2, width: 4, depth: 16),
    ConsoleModel("ns16550a", .ns16550, depth: 16),
    ConsoleModel("ns16550", .ns16550),
    ConsoleModel("ns8250", .ns16550),
    ConsoleModel("cdns,uart-r1p12", .cadence),
    ConsoleModel("cdns,uart-r1p8", .cadence),
    ConsoleModel("xlnx,xuartps", .cadence),
    ConsoleModel("xlnx,zynqmp-uart", .cadence),
    ConsoleModel("fsl,imx6q-uart", .imx),
    ConsoleModel("fsl,imx53-uart", .imx),
    ConsoleModel("fsl,imx21-uart", .imx),
    ConsoleModel("amlogic,meson-gx-uart", .layout(.meson)),
    ConsoleModel("amlogic,meson-ao-uart", .layout(.meson)),
    ConsoleModel("amlogic,meson-s4-uart", .layout(.meson)),
    ConsoleModel("amlogic,meson-a1-uart", .layout(.meson)),
    ConsoleModel("amlogic,meson-g12a-uart", .layout(.meson)),
    ConsoleModel("qcom,msm-uartdm", .layout(.uartDM)),
    // The engine has DMA of its own.
    ConsoleModel("qcom,geni-debug-uart", .layout(.geni), mastersBus: true),
    ConsoleModel("qcom,geni-uart", .layout(.geni), mastersBus: true),
    ConsoleModel("samsung,exynos4210-uart", .layout(.samsung)),
    ConsoleModel("samsung,exynos5433-uart", .layout(.samsung)),
    ConsoleModel("samsung,exynos850-uart", .layout(.samsung), width: 4),
    ConsoleModel("samsung,s5pv210-uart", .layout(.samsung)),
    ConsoleModel("marvell,armada-3700-uart", .layout(.armada3700)),
    ConsoleModel("renesas,scif", .layout(.scif)),
    ConsoleModel("renesas,hscif", .layout(.scif)),
    ConsoleModel("fsl,ls1028a-lpuart", .layout(.lowPower)),
    ConsoleModel("fsl,imx7ulp-lpuart", .layout(.lowPowerBehindIdentity)),
    ConsoleModel("fsl,imx8qxp-lpuart", .layout(.lowPowerBehindIdentity)),
    ConsoleModel("nuvoton,npcm750-uart", .ns16550, shift: 2, width: 4),
    ConsoleModel("nuvoton,npcm845-uart", .ns16550, shift: 2, width: 4),
  ]

  /// The first of them of which `isCompatible` says that the UART is one, or nil.
  public static func first(where isCompatible: (StaticString) -> Bool) -> ConsoleModel? {
    for index in all.indices where isCompatible(all[index].compatible) { return all[index] }
    return nil
  }

  /// The UART whose registers are mapped at `base`; `shift` and `width` are the tree's own where it has them.
  public func port(base: UInt, shift: UInt32?, width: UInt32?) -> ConsolePort {
    switch driver {
    case .pl011: .pl011(PL011Port(base: base))
    case .ns16550:
      .ns16550(
        NS16550Port(
          base: base, shift: shift ?? UInt32(self.shift), width: width ?? UInt32(self.width), depth: Int(depth)))
    case .cadence: .cadence(CadencePort(base: base))
    case .imx: .imx(IMXPort(base: base))
    case .layout(let kind): .layout(LayoutPort(base: base, width: width ?? UInt32(self.width), kind))
    }
  }
}
