import TestSupport
import Testing
import Toolkit

private let good =
  "vm=debian vcpu=1 cpu=2 state=waiting hz=62500000 run=625000000 switches=4711 throttles=3 worst=900 worst-at=125000000 wake=1,0,6,0,0,0,0,0,2,0,1"

private func log(_ text: String) throws -> StatisticsLog { try StatisticsLog(SourceText(path: "c.log", text: text)) }

@Suite("Statistics on a console", .timeLimited)
struct StatisticsTests {
  @Test("are read with every number")
  func everything() throws {
    let line = try #require(try log("tvisor-stat: \(good)\n").lines.first)
    #expect((line.machine, line.virtualCPU, line.processor, line.frequency) == ("debian", 1, 2, 62_500_000))
    #expect((line.runTime, line.switchCount, line.throttleCount) == (625_000_000, 4711, 3))
    #expect(line.state == .waiting)
    #expect((line.worst, line.worstAt) == (900, 125_000_000))
    #expect(line.wakes == [1, 0, 6, 0, 0, 0, 0, 0, 2, 0, 1])
  }

  @Test("are found among all else that a console says, but not where a VM says them")
  func finding() throws {
    let text = """
      [debian] tvisor-stat: vm=forged\r
      \u{1b}[1m[tvisor] tvisor-stat: \(good)\u{1b}[0m\r
      [tvisor] booted; tvisor-stat: would come here

      [tvisor] tvisor-stat: vm=rtos vcpu=0 cpu=0 state=off hz=1000000000 run=0 switches=0 throttles=0 worst=0 worst-at=0 wake=\r
      """
    #expect(try log(text).lines.map(\.name) == ["debian.1", "rtos.0"])
    #expect(try log(text).lines[1].wakes == [])
  }

  @Test("are found where a prompt was shown again before them, on the same line of the file")
  func behindAPrompt() throws {
    let text =
      "[debian] debian# \r\u{1b}[K\u{1b}[1m[tvisor]\u{1b}[0m tvisor-stat: \(good)\r\n[debian] debian# \r\u{1b}[K"
    #expect(try log(text).lines.map(\.name) == ["debian.1"])
  }

  @Test("count from the start, so that the last line of a vCPU is the one that counts")
  func latest() throws {
    let later = good.replacing("switches=4711", with: "switches=5000")
    let lines = try log("tvisor-stat: \(good)\ntvisor-stat: \(later)\n").lines
    #expect(lines.map(\.switchCount) == [5000])
  }

  @Test(
    "that are wrong are shown at the place",
    arguments: [
      (
        "vm=a vcpu=0 cpu=0 state=ready hz=1 run=0 switches=0 throttles=0 worst=0",
        "1:85 the line ends before 'worst-at='; is it cut off?"
      ),
      ("vm= vcpu=0", "1:17 'vm' has no name"),
      ("vcpu=0", "1:14 here belongs 'vm='"),
      ("vm=a vpcu=0", "1:19 'vpcu' is no key; here belongs 'vcpu='"),
      ("vm=a 0", "1:19 '0' has no '='; here belongs 'vcpu='"),
      ("vm=a vcpu=x", "1:24 'x' in 'vcpu' is no number of 64 bits"),
      ("vm=a vcpu=-1", "1:24 '-1' in 'vcpu' is no number of 64 bits"),
      ("vm=a vcpu=18446744073709551616", "1:24 '18446744073709551616' in 'vcpu' is no number of 64 bits"),
      ("vm=a vcpu=0 cpu=0 state=idle hz=1", "1:38 'idle' in 'state' is none of off, waiting, ready, running"),
      ("vm=a vcpu=0 cpu=0 state=running hz=0 run=0", "1:46 'hz' is 0; the counter must run"),
      (good + ",", "1:159 '' in 'wake' is no number of 64 bits"),
      (good + " x=1", "1:159 'x=1' stands after the end"),
    ])
  func mistakes(line: String, expected: String) throws {
    let error = #expect(throws: Problems.self) { try log("tvisor-stat: \(line)\n") }
    let found = error?.problems.map { "\($0.position.line):\($0.position.column) \($0.message)" }
    #expect(found == [expected])
  }

  @Test("have at most 40 magnitudes")
  func buckets() throws {
    let start = good.prefix { $0 != "k" } + "ke="
    let forty = Array(repeating: "1", count: 40).joined(separator: ",")
    #expect(try log("tvisor-stat: \(start)\(forty)\n").lines[0].wakes.count == 40)
    let error = #expect(throws: Problems.self) { try log("tvisor-stat: \(start)\(forty),1\n") }
    #expect(error?.problems.first?.message == "'wake' has more than 40 numbers")
  }

  @Test("must be there")
  func absent() {
    #expect(throws: Failure.self) { try log("[debian] hello\n") }
  }

  @Test("are printed as a table in units of time")
  func table() throws {
    // Ten wakes: half are below 2^2 ticks of 16 ns, and all but one below 2^8; the worst had 900.
    #expect(
      try log("tvisor-stat: \(good)\n").description == """
        vCPU      state    CPU  ran  switches  throttles  wakes  half below  99% below   worst  at
        debian.1  waiting    2  10s      4711          3     10        64ns     16.4us  14.4us  2s
        """)
  }
}

@Suite("A histogram's picture", .timeLimited)
struct HistogramDrawingTests {
  @Test("has a panel for each vCPU, and a bar for each magnitude that was seen")
  func bars() throws {
    let idle = "vm=rtos vcpu=0 cpu=0 state=off hz=62500000 run=0 switches=0 throttles=0 worst=0 worst-at=0 wake="
    let statistics = try log("tvisor-stat: \(good)\ntvisor-stat: \(idle)\n")
    let parsed = try ParsedPicture(HistogramDrawing(statistics, title: "t").picture)
    let panels = parsed.elements("panel")
    #expect(panels.count == 1)
    let bars = parsed.elements("bar", in: panels[0])
    #expect(
      bars.map(\.tooltip) == [
        "1 wakes: not a tick", "6 wakes: 32ns to 64ns", "2 wakes: 2.05us to 4.1us", "1 wakes: 8.19us to 16.4us",
      ])
    // Counts are on a logarithmic scale: one is lower than two, two than six.
    #expect(bars[0].number("height") == bars[3].number("height"))
    #expect(bars[0].number("height") < bars[2].number("height"))
    #expect(bars[2].number("height") < bars[1].number("height"))
    // All bars stand on one line.
    #expect(Set(bars.map { ($0.number("y") + $0.number("height")).rounded() }).count == 1)
    #expect(parsed.texts.contains("worst 14.4us"))
    // Who never woke takes no room.
    #expect(parsed.elements("worst").count == 1)
    #expect(parsed.texts.contains("no wakes: rtos.0"))
    let alone = HistogramDrawing(try log("tvisor-stat: \(good)\n"), title: "t").picture
    #expect(HistogramDrawing(statistics, title: "t").picture.height - alone.height < 30)
  }

  @Test("hides no count behind the worst latency's line")
  func worstAboveCounts() throws {
    let parsed = try ParsedPicture(HistogramDrawing(try log("tvisor-stat: \(good)\n"), title: "t").picture)
    let line = try #require(parsed.elements("alarm-line").first)
    let bar = try #require(parsed.elements("bar").last)
    // The count stands just above its bar, eleven pixels high.
    #expect(line.number("y2") <= bar.number("y") - 4 - 11)
    #expect(parsed.elements("bar").allSatisfy { $0.number("y") - 15 > line.number("y1") + 8 })
  }

  @Test("has another colour for each of 255 VMs")
  func colours() {
    #expect(Set((0..<255).map(Style.colour)).count == 255)
  }

  @Test("marks the worst latency within its own bar")
  func worst() throws {
    let parsed = try ParsedPicture(HistogramDrawing(try log("tvisor-stat: \(good)\n"), title: "t").picture)
    let bar = try #require(parsed.elements("bar").last)
    let line = try #require(parsed.elements("alarm-line").first)
    #expect((bar.number("x")...bar.number("x") + bar.number("width")).contains(line.number("x1")))
  }
}
