internal import GuestEntry
internal import GuestSupport

/// The figures of one measurement: 256 samples, taken after 16 that warm up caches and translations.
struct Samples {
  private static let warmUpCount = 16
  private static let count = 256

  private var values = [256 of UInt64](repeating: 0)

  /// Takes all samples from `sample`, each lessened by `overhead`.
  init(less overhead: UInt64, _ sample: () -> UInt64) {
    for _ in 0..<Self.warmUpCount { _ = sample() }
    for index in 0..<Self.count {
      let value = sample()
      insert(value > overhead ? value &- overhead : 0, after: index)
    }
  }

  /// Keeps the first `count` values sorted, so that nothing has to be sorted at the end.
  private mutating func insert(_ value: UInt64, after count: Int) {
    var place = count
    while place > 0, values[place &- 1] > value {
      values[place] = values[place &- 1]
      place &-= 1
    }
    values[place] = value
  }

  /// The smallest sample.
  var least: UInt64 { values[0] }

  /// Writes one line: the extremes and the median.
  func write(_ name: StaticString, in unit: StaticString) {
    console.write("bench: ")
    console.write(name)
    console.write(" min=")
    console.write(decimal: least)
    console.write(" median=")
    console.write(decimal: values[Self.count / 2])
    console.write(" max=")
    console.write(decimal: values[Self.count &- 1])
    console.write(" ")
    console.write(unit)
    console.write("\n")
  }
}

/// What the figures are in, and what the timed sequence costs around nothing.
struct Yardstick {
  /// The ticks of a counter read, nothing, and a counter read: taken off every instruction's figure.
  let overhead: UInt64
  /// A tick is an instruction where a hundred of them take a hundred ticks, as in QEMU with `-icount shift=0` and a
  /// 1 GHz counter; anywhere else the figures are the counter's ticks.
  let unit: StaticString

  init() {
    overhead = Samples(less: 0) { bench_nothing() }.least
    let hundred = Samples(less: overhead) { bench_hundred_nops() }
    unit = hundred.least == 100 ? "instructions" : "ticks"
  }

  /// Says what was found.
  func write() {
    console.write("bench: GICv")
    console.write(decimal: InterruptController.current.isVersion3 ? 3 : 2)
    console.write(", counter ")
    console.write(decimal: Counter.frequency)
    console.write(" Hz, figures in ")
    console.write(unit)
    console.write("; an empty sequence takes ")
    console.write(decimal: overhead)
    console.write(", already taken off where one instruction is timed\n")
  }

  /// Measures one instruction and writes its line, or says that the machine has no such thing.
  func time(_ name: StaticString, _ sequence: () -> UInt64) {
    if probe({ _ = sequence() }) != nil {
      console.write("bench: ")
      console.write(name)
      console.write(" is undefined here\n")
    } else {
      Samples(less: overhead, sequence).write(name, in: unit)
    }
  }
}
