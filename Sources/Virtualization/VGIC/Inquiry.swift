internal import Architecture

// What another CPU's list registers hold has moved on since that CPU was last at EL2: its vCPU acknowledges and ends interrupts
// without exits. Whoever reads the state of such an interrupt gets what was known last, and the other CPU is asked to look, so
// that a guest which reads until the state is another one sees it soon. (Linux reads GICD_ISACTIVER so before it gives an
// interrupt up, and would otherwise wait for ever for a handler that has long returned.) To answer with the truth at once
// would be to wait here for another CPU.

extension VirtualGIC {
  /// Of so many reads that could do with another CPU's answer one asks: who reads without end takes from the other CPU, with
  /// an interrupt each time, less than that CPU needs to come to the end that is waited for.
  private static var readsForEachInquiry: UInt8 { 8 }

  /// Has other CPUs look at what they have of the interrupts whose pending or active bits vCPU `reader` reads at `offset` of
  /// the distributor, or of the SGI frame of vCPU `owner`'s redistributor; `owner` is else the reader.
  ///
  /// To be called where `synchronize` is, for the same reads.
  public mutating func inquire(offset: UInt32, owner: Int, reader: Int) {
    // The only other states that list registers have a part in are GICv2's SGIs by their sources, which are the reader's own.
    guard vcpuCount > 1, offset < 0x400 else { return }
    let firstID = Int(offset & 0x7c) &* 8
    var isAsking = false
    for id in firstID..<(firstID &+ 32) {
      guard let slot = slot(of: id, vcpu: owner) else { return }
      let holder = Int(states[slot].owner)
      guard states[slot].isInRegister, holder != reader, interfaces[holder].isLoaded else { continue }
      if !isAsking {
        inquiryCount = (inquiryCount &+ 1) % Self.readsForEachInquiry
        guard inquiryCount == 1 else { return }
        isAsking = true
      }
      reconsider(slot)
    }
  }
}
