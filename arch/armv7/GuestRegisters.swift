internal import ARMv7Assembly

/// What a vCPU owns of CP15 (DDI 0406C, B3.17): kept in the hardware while the vCPU is loaded, here otherwise. ACTLR is
/// trapped, FCSEIDR reads as zero where there are Multiprocessing Extensions.
struct GuestRegisters {
  private var sctlr: UInt32
  private var cpacr: UInt32 = 0
  private var ttbr0: UInt64 = 0
  private var ttbr1: UInt64 = 0
  private var ttbcr: UInt32 = 0
  private var dacr: UInt32 = 0
  private var dfsr: UInt32 = 0
  private var ifsr: UInt32 = 0
  private var adfsr: UInt32 = 0
  private var aifsr: UInt32 = 0
  private var dfar: UInt32 = 0
  private var ifar: UInt32 = 0
  private var par: UInt64 = 0
  private var mair0: UInt32 = 0
  private var mair1: UInt32 = 0
  private var amair0: UInt32 = 0
  private var amair1: UInt32 = 0
  private var vbar: UInt32 = 0
  private var contextID: UInt32 = 0
  private var threadUser: UInt32 = 0
  private var threadReadOnlyUser: UInt32 = 0
  private var threadPrivileged: UInt32 = 0
  private var cacheSelection: UInt32 = 0
  private var timerControl: UInt32 = 0
  /// TEECR and TEEHBR (A2.10.3), of CPUs that have T32EE.
  private var thumbEEControl: UInt32 = 0
  private var thumbEEHandlerBase: UInt32 = 0

  /// The registers as they are after reset: the MMU and caches off, the bits of SCTLR set that are one on every CPU
  /// with these extensions (B4.1.130: 23, 22, 18, 16, 6, 4, 3), and CP15BEN.
  init() { sctlr = 0x00c5_0078 }

  /// ID_PFR0.State3.
  private static var hasThumbEE: Bool { read_id_pfr0() >> 12 & 0xf != 0 }

  /// Takes the registers out of the hardware.
  mutating func save() {
    sctlr = read_sctlr()
    cpacr = read_cpacr()
    ttbr0 = read_ttbr0()
    ttbr1 = read_ttbr1()
    ttbcr = read_ttbcr()
    dacr = read_dacr()
    dfsr = read_dfsr()
    ifsr = read_ifsr()
    adfsr = read_adfsr()
    aifsr = read_aifsr()
    dfar = read_dfar()
    ifar = read_ifar()
    par = read_par()
    mair0 = read_mair0()
    mair1 = read_mair1()
    amair0 = read_amair0()
    amair1 = read_amair1()
    vbar = read_vbar()
    contextID = read_contextidr()
    threadUser = read_tpidrurw()
    threadReadOnlyUser = read_tpidruro()
    threadPrivileged = read_tpidrprw()
    cacheSelection = read_csselr()
    timerControl = read_cntkctl()
    guard Self.hasThumbEE else { return }
    thumbEEControl = read_teecr()
    thumbEEHandlerBase = read_teehbr()
  }

  /// Puts the registers into the hardware. The return to the guest is the context synchronisation.
  func load() {
    write_sctlr(sctlr)
    write_cpacr(cpacr)
    write_ttbr0(ttbr0)
    write_ttbr1(ttbr1)
    write_ttbcr(ttbcr)
    write_dacr(dacr)
    write_dfsr(dfsr)
    write_ifsr(ifsr)
    write_adfsr(adfsr)
    write_aifsr(aifsr)
    write_dfar(dfar)
    write_ifar(ifar)
    write_par(par)
    write_mair0(mair0)
    write_mair1(mair1)
    write_amair0(amair0)
    write_amair1(amair1)
    write_vbar(vbar)
    write_contextidr(contextID)
    write_tpidrurw(threadUser)
    write_tpidruro(threadReadOnlyUser)
    write_tpidrprw(threadPrivileged)
    write_csselr(cacheSelection)
    write_cntkctl(timerControl)
    guard Self.hasThumbEE else { return }
    write_teecr(thumbEEControl)
    write_teehbr(thumbEEHandlerBase)
  }
}
