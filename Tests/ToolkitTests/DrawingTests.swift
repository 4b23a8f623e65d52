import Foundation
import FoundationXML
import TestSupport
import Testing
import Toolkit

/// A picture's elements as any XML reader finds them.
struct ParsedPicture {
  let root: XMLElement

  init(_ picture: Picture) throws {
    root = try #require(try XMLDocument(data: Data(picture.svg.utf8)).rootElement())
  }

  /// All elements of a class, in the order of the file.
  func elements(_ style: String, in parent: XMLElement? = nil) -> [XMLElement] {
    var found: [XMLElement] = []
    func visit(_ element: XMLElement) {
      let classes = element.value("class").split(separator: " ")
      if classes.contains(where: { $0 == style }) { found.append(element) }
      for case let child as XMLElement in element.children ?? [] { visit(child) }
    }
    visit(parent ?? root)
    return found
  }

  /// All texts.
  var texts: [String] {
    var found: [String] = []
    func visit(_ element: XMLElement) {
      if element.name == "text" { found.append(element.stringValue ?? "") }
      for case let child as XMLElement in element.children ?? [] { visit(child) }
    }
    visit(root)
    return found
  }
}

extension XMLElement {
  /// An attribute, or nothing. `attribute(forName:)` finds none in an element with a namespace.
  func value(_ name: String) -> String { attributes?.first { $0.name == name }?.stringValue ?? "" }
  /// A number in an attribute.
  func number(_ name: String) -> Double { Double(value(name)) ?? .nan }
  /// What viewers show when one points at it.
  var tooltip: String? { elements(forName: "title").first?.stringValue }
}

@Suite("A picture", .timeLimited)
struct PictureTests {
  @Test("is XML with a title, whatever characters are in its texts")
  func escaping() throws {
    let title = "a<b> & \"c\" 'd' é \u{1b}[2J"
    var picture = Picture(width: 300, height: 100, title: title)
    picture.elements.append(.rectangle(x: 1.234, y: 2, width: 3, height: 4, style: "lane", tooltip: "<&>"))
    let parsed = try ParsedPicture(picture)
    #expect(parsed.root.name == "svg")
    #expect(parsed.root.number("width") == 300)
    #expect(parsed.root.elements(forName: "title").first?.stringValue == "a<b> & \"c\" 'd' é [2J")
    let rectangle = try #require(parsed.elements("lane").first)
    #expect((rectangle.number("x"), rectangle.number("height")) == (1.23, 4))
    #expect(rectangle.tooltip == "<&>")
  }

  @Test("needs nothing from elsewhere, and has colours for dark surroundings")
  func selfContained() throws {
    let parsed = try ParsedPicture(Picture(width: 10, height: 10, title: "t"))
    let style = try #require(parsed.root.elements(forName: "style").first?.stringValue)
    #expect(style.contains("prefers-color-scheme: dark"))
    #expect(!style.contains("url("))
    #expect(!style.contains("@import"))
  }

  @Test("gives things colours of their own")
  func colours() {
    #expect(Set((0..<8).map(Style.colour)).count == 8)
    #expect(!(8..<300).contains { Style.colour($0) == Style.colour(0) })
  }
}

@Suite("Axes", .timeLimited)
struct AxisTests {
  @Test("a scale is in proportion, and its ticks are round")
  func scale() {
    let scale = Scale(100...300, from: 10, to: 50)
    #expect([100, 200, 300].map { scale($0) } == [10, 30, 50])
    #expect(scale.ticks(4) == [100, 150, 200, 250, 300])
    #expect(Scale(0...1, from: 0, to: 1).ticks(5) == [0, 0.2, 0.4, 0.6000000000000001, 0.8, 1])
    #expect(Scale(7...23, from: 0, to: 1).ticks(3) == [10, 20])
    #expect(Scale(5...5, from: 0, to: 1).ticks(3) == [5])
  }

  @Test(
    "a time axis has the unit that suits its length",
    arguments: [(50e6, "ms"), (2e9, "s"), (800e3, "us"), (90e3, "us"), (50.0, "ns")])
  func units(length: Double, unit: String) {
    #expect(TimeAxis(Scale(0...length, from: 0, to: 100)).unit.name == unit)
  }

  @Test("a count axis goes by powers of ten, from the ground at nothing")
  func counts() {
    let axis = CountAxis(greatest: 900, bottom: 100, top: 0)
    #expect(axis(0) == 100)
    #expect(abs(axis(1000)) < 1e-9)
    let (one, ten, hundred) = (axis(1), axis(10), axis(100))
    #expect(one < 100)
    #expect(abs((one - ten) - (ten - hundred)) < 1e-9)
  }
}

@Suite("A timeline's picture", .timeLimited)
struct TimelineDrawingTests {
  private func draw(_ cpu: String, _ vcpus: [String], for duration: UInt64) throws -> ParsedPicture {
    let outcome = try simulated(cpu, vcpus).run(for: duration)
    return try ParsedPicture(TimelineDrawing(outcome.result, title: "t").picture)
  }

  @Test("has bars in proportion to the time that each vCPU ran")
  func bars() throws {
    let parsed = try draw(
      "policy: earliest-deadline, overhead: 0", ["reserve: 2ms every 5ms", "simulate: busy"], for: 10_000_000)
    #expect(parsed.elements("cpu").count == 1)
    let rows = parsed.elements("vcpu")
    #expect(rows.count == 2)
    let lane = try #require(parsed.elements("lane", in: rows[0]).first)
    let bars = parsed.elements("run", in: rows[0])
    #expect(bars.count == 2)
    // From 0 to 2 ms and from 5 to 7 ms of 10.
    #expect(abs(bars[0].number("x") - lane.number("x")) < 0.02)
    #expect(abs(bars[0].number("width") - lane.number("width") / 5) < 0.02)
    #expect(abs(bars[1].number("x") - lane.number("x") - lane.number("width") / 2) < 0.02)
    #expect(bars[1].tooltip == "a.0 runs, 5ms to 7ms (2ms)")
    let second = parsed.elements("run", in: rows[1])
    #expect(second.map(\.tooltip) == ["b.0 runs, 2ms to 5ms (3ms)", "b.0 runs, 7ms to 10ms (3ms)"])
    #expect(bars[0].value("fill") != second[0].value("fill"))
    // The CPU's own lane shows all four.
    #expect(parsed.elements("run").count == 8)
  }

  @Test("marks releases and deadlines, and in the alarm's colour the deadlines that were missed")
  func marks() throws {
    let calm = try draw("policy: earliest-deadline, overhead: 0", ["reserve: 1ms every 4ms"], for: 20_000_000)
    let row = calm.elements("vcpu")[0]
    #expect(calm.elements("release", in: row).count == 5)
    // At 4, 8, 12, 16 and 20 ms.
    #expect(calm.elements("deadline", in: row).count == 5)
    #expect(calm.elements("miss").isEmpty)
    #expect(!calm.texts.contains { $0.contains("missed") })

    let late = try draw(
      "policy: earliest-deadline, overhead: 0", ["reserve: 1ms every 4ms, simulate: 2ms every 4ms"], for: 20_000_000)
    let lateRow = late.elements("vcpu")[0]
    let misses = late.elements("miss", in: lateRow)
    #expect(
      misses.map(\.tooltip) == [
        "a.0: released at 0ms, due at 4ms, done at 5ms after 5ms",
        "a.0: released at 4ms, due at 8ms, done at 13ms after 9ms",
        "a.0: released at 8ms, due at 12ms, not done", "a.0: released at 12ms, due at 16ms, not done",
      ])
    let lane = try #require(late.elements("lane", in: lateRow).first)
    // The first is a millisecond late, of 20.
    #expect(abs(late.elements("late", in: lateRow)[0].number("width") - lane.number("width") / 20) < 0.02)
    #expect(late.texts.contains("4 of 5 missed"))
    #expect(late.texts.contains("deadline missed, and by how much"))
  }

  @Test("says which part it shows, and has an axis with its unit")
  func words() throws {
    let part = try draw("overhead: 0", ["simulate: 1ms every 4ms"], for: 1_000_000_000)
    #expect(
      part.texts.contains("0ms to 20ms of 1s that were simulated; figures at the right are about all of it"))
    #expect(part.texts.contains("time in ms"))
    #expect(part.texts.contains("20"))
    #expect(part.texts.contains("25.0%, worst 1ms"))
    let all = try draw("overhead: 0", ["simulate: busy"], for: 5_000_000)
    #expect(all.texts.contains("all of the 5ms that were simulated"))
    let late = try draw(
      "policy: earliest-deadline", ["reserve: 1ms every 4ms, simulate: 2ms every 4ms after 101ms"], for: 1_000_000_000)
    #expect(late.texts.contains { $0.contains("96ms to 116ms") && $0.contains("about the first missed deadline") })
  }

  @Test("stays small where much happens: what cannot be told apart is drawn once")
  func size() throws {
    var simulator = try simulated("slice: 10us, overhead: 0", ["simulate: busy", "simulate: busy"])
    simulator.window = 0..<1_000_000_000
    let outcome = try simulator.run(for: 1_000_000_000)
    let parsed = try ParsedPicture(TimelineDrawing(outcome.result, title: "t").picture)
    // 100000 turns on a lane of about a thousand pixels.
    #expect(parsed.elements("run").count < 10_000)
  }
}
