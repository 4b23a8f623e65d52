import Foundation
import TestSupport
import Testing
import Toolkit

/// A system of one VM that runs what `payload` says, and its files in a folder of their own.
private func layout(
  _ payload: String, memory: String = "64MiB", files: [String: Data] = [:]
) async throws -> GuestLayout {
  let folder = try Scratch()
  for (name, data) in files { try folder.write(data, to: name) }
  let text = "vms:\n  - name: a\n    memory: \(memory)\n    vcpus: [0]\n    \(payload)\n"
  let system = try SystemFile(parsing: SourceText(path: "\(folder.path)/s.yaml", text: text))
  let loader = GuestLoader(paths: PathResolver(folder: folder.path, guests: "\(folder.path)/guests"))
  return try #require(try await loader.layouts(of: system).first)
}

/// The one mistake that loading finds, without its file's folder.
private func mistake(_ payload: String, memory: String = "64MiB", files: [String: Data] = [:]) async -> String {
  do {
    _ = try await layout(payload, memory: memory, files: files)
    return "none"
  } catch let problems as Problems {
    return problems.problems.map { "\($0.position.line):\($0.position.column) \($0.message)" }.joined(separator: "|")
  } catch {
    return "\(error)"
  }
}

@Suite("Loading what a VM runs", .timeLimited)
struct GuestLoaderTests {
  @Test("only a kernel that runs anywhere is placed by identity")
  func identity() async throws {
    let image = linuxImage(imageSize: 0x10_0000)
    #expect(try await layout("image: Image\n    placement: identity", files: ["Image": image]).runsAnywhere)
    let fixed = await mistake(
      "raw: {path: x, address: 0x4008_0000}\n    placement: identity", files: ["x": Data([0, 0, 0, 0])])
    #expect(
      fixed == "6:16 'a' runs what is made for fixed addresses, and 'identity' puts it where the board has room; "
        + "boot a Linux Image or zImage, or leave 'placement' out")
  }

  @Test("a gzipped Linux Image is unpacked on the host")
  func gzip() async throws {
    let image = linuxImage(imageSize: 0x10_0000)
    let folder = try Scratch()
    try folder.write(image, to: "Image")
    let packed = try await Command("gzip", ["-c", "\(folder.path)/Image"]).output()
    let layout = try await layout("image: Image.gz", files: ["Image.gz": packed])
    #expect(layout.images == [Placement(address: 0x4000_0000, data: image, size: 0x10_0000)])
  }

  @Test("an ELF's zeroed part is loaded as zeros, and its entry is a physical address")
  func elfProgram() async throws {
    let file = elf(entry: 0xFFFF_0002, virtual: 0xFFFF_0000, physical: 0x4020_0000, memorySize: 6)
    let layout = try await layout("image: a.elf", files: ["a.elf": file])
    #expect(layout.images == [Placement(address: 0x4020_0000, data: Data([1, 2, 3, 4, 0, 0]))])
    #expect(layout.entry == 0x4020_0002)
  }

  @Test("a 32-bit ELF is loaded like one of 64 bits")
  func elfProgram32() async throws {
    let layout = try await layout("image: a.elf", files: ["a.elf": elf32()])
    #expect(layout.images == [Placement(address: 0x4020_0000, data: Data([1, 2, 3, 4, 0, 0, 0, 0]))])
    #expect(layout.entry == 0x4020_0002)
  }

  @Test("an image says its instruction set; the file may say the same, and says it for bytes that are silent")
  func instructionSets() async throws {
    #expect(try await layout("image: a", files: ["a": elf32()]).isa == .aarch32)
    #expect(try await layout("image: a", files: ["a": elf()]).isa == .aarch64)
    #expect(try await layout("image: a", files: ["a": zImage()]).isa == .aarch32)
    #expect(try await layout("image: a", files: ["a": linuxImage(imageSize: 0x1000)]).isa == .aarch64)
    #expect(try await layout("image: a\n    isa: aarch32", files: ["a": zImage()]).isa == .aarch32)
    #expect(try await layout("firmware: a", files: ["a": Data([1])]).isa == .aarch64)
    #expect(try await layout("firmware: a\n    isa: aarch32", files: ["a": Data([1])]).isa == .aarch32)
    #expect(
      await mistake("isa: aarch64\n    image: a", files: ["a": zImage()])
        == "5:10 'a' runs an image for aarch32; write that, or leave 'isa' out")
    #expect(
      await mistake("image: a\n    isa: aarch32", files: ["a": elf()])
        == "6:10 'a' runs an image for aarch64; write that, or leave 'isa' out")
  }

  @Test("firmware has the room below a guest's console, and no more")
  func firmwareRoom() async throws {
    #expect(try await layout("firmware: a", files: ["a": Data(count: 0x800_0000)]).firmwareSize == 0x800_0000)
    #expect(
      await mistake("firmware: a", files: ["a": Data(count: 0x800_0001)])
        == "5:15 a has 134217729 bytes; firmware can have 128MiB")
  }

  @Test("a zImage that runs at one address alone is refused")
  func fixedZImage() async {
    #expect(
      await mistake("image: z", files: ["z": zImage(start: 0x6000_8000)])
        == "5:12 z is a zImage for address 0x60008000 alone; build it to run anywhere")
  }

  @Test("raw bytes go where the file says and are entered at their start by default")
  func raw() async throws {
    let files = ["b.bin": Data([9])]
    let plain = try await layout("raw: {path: b.bin, address: 0x4008_0000}", files: files)
    #expect((plain.images[0].address, plain.entry) == (0x4008_0000, 0x4008_0000))
    let entered = try await layout("raw: {path: b.bin, address: 0x4008_0000, entry: 0x4008_0010}", files: files)
    #expect(entered.entry == 0x4008_0010)
  }

  @Test("a file that is not there is a mistake at its name")
  func missing() async {
    let found = await mistake("image: nope")
    #expect(found.hasPrefix("5:12 cannot read 'nope' ("))
    #expect(found.hasSuffix("): there is no such file or folder; paths start from the system file's folder"))
    let guest = await mistake("image: '@guests/x'")
    #expect(guest.hasSuffix("fetch the guests with `make setup`, or in a release with `boot/setup/setup.sh --guests`"))
  }

  @Test("what is no image is a mistake that says what to do")
  func wrongFiles() async {
    #expect(
      await mistake("image: t", files: ["t": Data("text".utf8)])
        == "5:12 t is neither a Linux Image, a zImage nor an ELF; for other bytes use `raw: {path, address}`")
    #expect(await mistake("image: t", files: ["t": Data()]) == "5:12 t is empty")
    #expect(
      await mistake("image: t", files: ["t": Data([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0])])
        == "5:12 t is an xz archive; unpack it and name the Image, zImage or ELF inside")
    #expect(
      await mistake("image: t", files: ["t": Data([0x1F, 0x8B, 8, 0])]).hasPrefix(
        "5:12 t begins as gzip but does not unpack ("))
    #expect(
      await mistake("image: t", files: ["t": elf(machine: 62)])
        == "5:12 t is an ELF for another machine (62), not Arm")
    #expect(
      await mistake("image: t", files: ["t": elf(entry: 0x1000, virtual: 0x1000, physical: 0x1000)])
        == "5:12 t is linked to 0x1000, below a guest's RAM; link it to 0x40000000 or after it")
    #expect(
      await mistake("raw: {path: t, address: 0x1000}", files: ["t": Data([1])])
        == "5:29 a guest's RAM begins at 0x40000000; put the bytes there or after it")
  }

  @Test("a VM whose memory is too small for its images is told how much is enough")
  func tooSmall() async {
    #expect(
      await mistake("image: k", memory: "16MiB", files: ["k": linuxImage(imageSize: 0x100_0000)])
        == "3:13 16MiB is too little for the images and the device tree of 'a'; give at least 18MiB")
    #expect(
      await mistake("image: k", memory: "18MiB", files: ["k": linuxImage(imageSize: 0x100_0000)]) == "none")
  }
}

@Suite("A path in a system file", .timeLimited)
struct PathTests {
  @Test("starts from the file's folder, from the root, or among the guests")
  func resolution() {
    let paths = PathResolver(folder: "demo", guests: "/g")
    #expect(paths.resolve("Image") == "demo/Image")
    #expect(paths.resolve("../x") == "demo/../x")
    #expect(paths.resolve("/abs/x") == "/abs/x")
    #expect(paths.resolve("@guests/debian/Image") == "/g/debian/Image")
    #expect(PathResolver(folder: "", guests: "/g").resolve("Image") == "Image")
  }
}
