public import ArgumentParser
public import Toolkit

extension Starter.Language: ExpressibleByArgument {}

struct Init: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes a folder with a system and a guest of one's own, to build on.",
    discussion: """
      The folder has a system file, a program in C, Swift or Rust with its start-up code, console, interrupt controller and timer, a linker
      script and a Makefile: `make` builds, and `make run` boots it in QEMU. clang and lld of Swift's toolchain build all but Rust,
      which wants its target aarch64-unknown-none (armv7a-none-eabi for 32 bits) beside them.

        tvisor init control --language swift
      """)

  @Argument(help: "The folder to make; its last part names the system.")
  var name: String

  @Option(help: "What the program is written in: c, swift or rust.")
  var language = Starter.Language.c

  @Option(help: "The boards' instruction set: armv8 or armv7.")
  var isa = "armv8"

  func validate() throws {
    guard ImageBuilder.isas.contains(isa) else {
      throw ValidationError("'\(isa)' is no instruction set; known are: \(ImageBuilder.isas.joined(separator: ", "))")
    }
  }

  func run() async throws {
    try await reporting {
      let starter = try Starter(project: .locate(), folder: name, language: language, isa: isa)
      for file in try starter.write() { print("\(name)/\(file)") }
      print("Now: cd \(name) && make run")
    }
  }
}
