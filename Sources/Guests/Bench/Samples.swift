internal import GuestEntry
internal import GuestSupport

/// The figures of one measurement: 256 samples, taken after 16 that warm up caches and translations.
struct Samples {
  private static let warmUpCount = 16
  private static let count = 256
  /// How often the sequence is run.
  static var totalCount: Int { warmUpCount + count }

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
    let median = values[Self.count / 2]
    Line(name: name, count: UInt64(Self.count), least: least, median: median, most: values[Self.count &- 1])
      .write(in: unit)
  }
}

/// One figure's line, for programs to read.
struct Line {
  let name: StaticString
  let count: UInt64
  let least: UInt64
  let median: UInt64
  let most: UInt64

  func write(in unit: StaticString) {
    console.write("bench: name=")
    console.write(name)
    field(" n=", count)
    field(" min=", least)
    field(" median=", median)
    field(" max=", most)
    console.write(" unit=")
    console.write(unit)
    console.write("\n")
  }

  private func field(_ key: StaticString, _ value: UInt64) {
    console.write(key)
    console.write(decimal: value)
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
    console.write("bench: gic=")
    console.write(decimal: InterruptController.current.isVersion3 ? 3 : 2)
    console.write(" frequency=")
    console.write(decimal: Counter.frequency)
    console.write(" unit=")
    console.write(unit)
    console.write(" overhead=")
    console.write(decimal: overhead)
    console.write("\n")
  }

  /// Measures one instruction and writes its line, or says that the machine has no such thing.
  func time(_ name: StaticString, _ sequence: () -> UInt64) {
    if probe({ _ = sequence() }) != nil {
      console.write("bench: undefined=")
      console.write(name)
      console.write("\n")
    } else {
      sample(name, less: overhead, sequence)
    }
  }

  /// Takes samples and writes their line.
  func sample(_ name: StaticString, less overhead: UInt64 = 0, _ sequence: () -> UInt64) {
    Samples(less: overhead, sequence).write(name, in: unit)
  }

  /// Writes the line of something that happened once.
  func report(_ name: StaticString, _ value: UInt64) {
    Line(name: name, count: 1, least: value, median: value, most: value).write(in: unit)
  }
}
