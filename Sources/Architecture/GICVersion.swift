/// Which generic interrupt controller architecture, of the host or as a guest sees it.
public enum GICVersion: UInt8, Sendable {
  case v2 = 2
  case v3 = 3
}
