import Foundation

/// How long random tests run, and from which seed: TVISOR_SOAK=n runs n times as much, TVISOR_SEED=n starts elsewhere.
enum Soak {
  private static let environment = ProcessInfo.processInfo.environment
  static let factor = environment["TVISOR_SOAK"].flatMap { Int($0) } ?? 1
  static let seed = environment["TVISOR_SEED"].flatMap { UInt64($0) } ?? 1
}
