internal import Architecture

/// Where each vCPU of a CPU stands before the others: 0 is the most urgent, and those of one rank follow one another.
///
/// A policy whose vCPUs do not all have the same right to the CPU keeps one, so that whoever may interrupt the one that runs is
/// a range of standings (`Audience`). A vCPU's rank is fixed when the policy is built; ranks that change, as deadlines
/// do, are one rank here, for they may interrupt each other.
struct Standings: ~Copyable {
  private struct Place {
    var standing: Int16
    /// The first standing behind those of the same rank.
    var end: Int16
  }

  private let places: Storage<Place>

  /// `rank` says of each vCPU below `capacity` how urgent it is: the least number first.
  init<Provider: StorageProvider & ~Copyable>(
    capacity: Int, in provider: inout Provider, rank: (Int) -> Int
  ) throws(OutOfMemory) {
    precondition(capacity < 1 << 15)
    places = try provider.storage(of: Place.self, count: capacity) { vcpu in
      var (before, end) = (0, 0)
      for other in 0..<capacity {
        if rank(other) <= rank(vcpu) { end += 1 }
        if rank(other) < rank(vcpu) || (rank(other) == rank(vcpu) && other < vcpu) { before += 1 }
      }
      return Place(standing: Int16(before), end: Int16(end))
    }
  }

  /// How many vCPUs there are.
  var count: Int { places.count }

  /// Where `vcpu` stands.
  @inline(__always)
  func standing(of vcpu: Int) -> Int { Int(places[vcpu].standing) }

  /// Those as urgent as `vcpu` and more.
  func notBelow(_ vcpu: Int) -> Audience {
    let end = Int(places[vcpu].end)
    return end == places.count ? .everybody : Audience(0..<end)
  }
}
