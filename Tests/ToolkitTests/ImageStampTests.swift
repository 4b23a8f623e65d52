import Foundation
import TestSupport
import Testing

@testable import Toolkit

@Suite("An image's stamp", .timeLimited)
struct ImageStampTests {
  /// As boot/entry/version.S leaves it.
  private static let image =
    Data([1, 2, 3]) + Data("tvisor,version\0\0unstamped".utf8) + Data(count: 39 + 32) + Data([4, 5])

  @Test("is written into the place that the image has for it, and read again")
  func roundTrip() throws {
    #expect(ImageStamp(in: Self.image)?.version == "unstamped")
    let stamped = try ImageStamp(version: "1.2").written(into: Self.image)
    #expect(stamped.count == Self.image.count)
    #expect(stamped.prefix(3) == Self.image.prefix(3) && stamped.suffix(2) == Self.image.suffix(2))
    #expect(ImageStamp(in: stamped) == ImageStamp(version: "1.2"))
    // One that is too long is cut, and still ends.
    let long = try ImageStamp(version: String(repeating: "x", count: 100)).written(into: Self.image)
    #expect(ImageStamp(in: long)?.version == String(repeating: "x", count: 47))
    #expect(throws: Failure.self) { try ImageStamp(version: "1").written(into: Data(count: 200)) }
  }

  @Test("of another format is refused, with both named; of this one and without any it is taken")
  func refusal() throws {
    var stamp = ImageStamp(version: "9.9")
    stamp.format = "tvisor,system-9"
    let other = try stamp.written(into: Self.image)
    let failure = #expect(throws: Failure.self) { try ImageStamp.check(other, at: "x.img") }
    for words in ["x.img is TVisor 9.9", "tvisor,system-9", ImageStamp.currentFormat] {
      #expect(failure?.description.contains(words) == true)
    }
    #expect(throws: Never.self) {
      try ImageStamp.check(ImageStamp(version: "9.9").written(into: Self.image), at: "x.img")
    }
    #expect(throws: Never.self) { try ImageStamp.check(Data(count: 10), at: "x.img") }
  }

  @Test(
    "has the version that git or a release says",
    arguments: [("v0.2\n", "0.2"), ("v0.2-3-g8ff33bf-dirty\n", "0.2-3-g8ff33bf-dirty"), ("8ff33bf\n", "dev-8ff33bf")])
  func versions(described: String, version: String) {
    #expect(Project.version(describedAs: described) == version)
  }

  @Test("is VERSION's in a release's folder")
  func release() async throws {
    let scratch = try Scratch()
    try scratch.write(Data("0.7\n".utf8), to: "VERSION")
    #expect(await Project(root: URL(fileURLWithPath: scratch.path)).version() == "0.7")
  }
}
