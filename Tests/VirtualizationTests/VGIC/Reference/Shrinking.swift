// The shortest part of a failing sequence that still fails.

/// Leaves out ever smaller runs of steps as long as the rest still fails.
func shrink(_ steps: [Step], fails: ([Step]) -> Bool) -> [Step] {
  var shortest = steps
  var length = max(steps.count / 2, 1)
  while true {
    var index = 0
    var hasShrunk = false
    while index < shortest.count {
      let rest = Array(shortest[..<index] + shortest[min(index + length, shortest.count)...])
      if fails(rest) {
        shortest = rest
        hasShrunk = true
      } else {
        index += length
      }
    }
    if length == 1 && !hasShrunk { return shortest }
    length = max(length / 2, 1)
  }
}
