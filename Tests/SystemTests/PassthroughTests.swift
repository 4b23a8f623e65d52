import Foundation
import Testing
import Toolkit

@Suite("A disk of the board's, given to Linux")
struct PassthroughTests {
  @Test(
    "is mounted and written, over a reboot too, while the metronome beside it misses no tick that it has reserved",
    arguments: [
      Booting.Choice(gic: 2, processors: 1, counts: true), Booting.Choice(gic: 3, processors: 2, counts: true),
    ])
  func disk(choice: Booting.Choice) async throws {
    let disk = try await Disk()
    defer { disk.remove() }
    var choice = choice
    choice.options = disk.options
    let processor = choice.processors - 1
    let system =
      Self.debian(on: processor, with: Self.lastPage)
      + Booting.own("metronome", on: "[{cpu: \(processor), reserve: 200us every 1ms}]")
    let processors = "cpus:\n  - {cpu: \(processor), policy: earliest-deadline}\n"
    try await Booting.boot(system, processors: processors, choice) { console in
      try await console.expectShell(processors: 1)
      try await console.mount()
      try await console.type(line: "dd if=/dev/zero of=/disk/zeros bs=64k count=32; echo kept by $(uname) > /disk/note")
      try await console.type(line: "umount /disk; echo unmounted=$?")
      try await console.expect("unmounted=0", from: "debian")
      try await console.type(line: "grep virtio /proc/interrupts")
      try await console.expect("virtio0", from: "debian")
      try await console.expectTicking()

      try await console.type(line: "reboot")
      try await console.expect("VM 'debian' asked for a reset: starting again", from: "tvisor")
      await console.skipToNow(of: "debian")
      try await console.expectShell(processors: 1)
      try await console.mount()
      try await console.type(line: "cat /disk/note; rm /disk/zeros; umount /disk; echo unmounted=$?")
      try await console.expect("kept by Linux", from: "debian")
      try await console.expect("unmounted=0", from: "debian")
      try await console.expectTicking()
      // Ticks come at the counted instruction. A whole one missed is 1 ms late: neither the disk's interrupts nor what serves
      // them may take that long.
      let reports = await console.transcript.text(of: "metronome").matches(of: /missed=([0-9]+) late/)
      #expect(!reports.isEmpty && reports.allSatisfy { $0.1 == "0" })
    }
    #expect(try await disk.text(of: "note") == "kept by Linux\n")
    #expect(try await disk.text(of: "zeros") == "")
  }

  /// virt gives its virtio devices to the transports from the last on; the eight that share the last page go together.
  private static let lastPage = stride(from: 0xa00_3000, to: 0xa00_4000, by: 0x200).map {
    "/virtio_mmio@\(String($0, radix: 16))"
  }

  private static func debian(on processor: UInt64, with devices: [String]) -> String {
    """
      - name: debian
        memory: 192MiB
        placement: identity
        devices: [\(devices.joined(separator: ", "))]
        vcpus: [\(processor)]
        image: "@guests/debian-arm64/Image"
        initrd: "@guests/debian-arm64/initramfs-disk.cpio.gz"
        bootargs: console=ttyAMA0

    """
  }
}

extension QEMUSession {
  /// Loads the modules for the disk and mounts it.
  fileprivate func mount() async throws {
    try await type(line: "for m in virtio virtio_ring virtio_mmio virtio_blk; do insmod /lib/modules/$m.ko; done")
    try await type(line: "mkdir /disk; mount -t ext4 /dev/vda /disk; echo mounted=$?")
    try await expect("mounted=0", from: "debian")
  }
}

/// The console of TVisor and of all guests is the mini UART, the second of the board's serial ports.
@Suite("A Raspberry Pi's PL011, given to Linux")
struct GivenPortTests {
  @Test(
    "is its second serial port: what it writes and hears there comes by the port's own interrupt",
    arguments: [
      Booting.Choice(board: "raspberry-pi-4", model: "cortex-a72", gic: nil),
      // The interrupt comes by the peripherals' controller to CPU 0, and the guest has a GIC in software on CPU 1.
      Booting.Choice(board: "raspberry-pi-3", model: "cortex-a53", gic: nil),
    ])
  func port(choice: Booting.Choice) async throws {
    let line = try Line()
    defer { line.remove() }
    var choice = choice
    choice.options = line.options
    choice.otherPorts = ["chardev:line"]
    let system = """
        - name: debian
          memory: 192MiB
          devices: [{path: /soc/serial@7e201000, clock: 48MHz}]
          vcpus: [1]
          image: "@guests/debian-arm64/Image"
          initrd: "@guests/debian-arm64/initramfs.cpio.gz"
          bootargs: console=ttyAMA0

      """
    try await Booting.boot(system + Booting.own("metronome"), choice) { console in
      try await console.expectShell(processors: 1)
      try await console.type(line: "test -c /dev/ttyAMA1 && exec 3<>/dev/ttyAMA1; echo opened=$?")
      try await console.expect("opened=0", from: "debian")
      try await console.type(line: "echo written by $(uname) >&3; echo sent=$?")
      try await console.expect("sent=0", from: "debian")
      try line.type("a line from outside\n")
      try await console.type(line: "read -t 60 text <&3; echo \"heard=<$text>\"")
      try await console.expect("heard=<a line from outside>", from: "debian")
      // What has come is echoed; the port is closed when all is out.
      try await console.type(line: "grep uart-pl011 /proc/interrupts; exec 3>&-; echo closed=$?")
      try await console.expect("closed=0", from: "debian")
      try await console.expectTicking()
      let said = await console.transcript.text(of: "debian")
      let interrupts = said.matches(of: /([0-9]+) +GIC-0 +[0-9]+ Level +uart-pl011/)
      #expect(interrupts.count == 2 && interrupts.allSatisfy { $0.1 != "0" }, "\(said.suffix(400))")
    }
    let written = try line.written
    #expect(written.contains("written by Linux"))
    #expect(written.contains("a line from outside"))
  }
}

/// What a serial port is connected to: a file that keeps what the port says, and a pipe for what it hears.
private struct Line {
  private let path = "\(NSTemporaryDirectory())/tvisor-\(UUID().uuidString)"
  private let input: FileHandle

  init() throws {
    let status = unsafe mkfifo("\(path).in", 0o600)
    try #require(status == 0)
    // Open for both, it never ends for whoever reads it.
    input = try #require(FileHandle(forUpdatingAtPath: "\(path).in"))
  }

  var options: [String] { ["-chardev", "file,id=line,path=\(path).out,input-path=\(path).in"] }

  func type(_ text: String) throws { try input.write(contentsOf: Data(text.utf8)) }

  var written: String {
    get throws { String(decoding: try Data(contentsOf: URL(fileURLWithPath: "\(path).out")), as: UTF8.self) }
  }

  func remove() {
    try? input.close()
    for end in ["in", "out"] { try? FileManager.default.removeItem(atPath: "\(path).\(end)") }
  }
}

/// A file that QEMU shows as a disk, with an empty file system of its own.
private struct Disk {
  let path = "\(NSTemporaryDirectory())/tvisor-\(UUID().uuidString).img"

  init() async throws {
    try Data().write(to: URL(fileURLWithPath: path))
    try FileHandle(forWritingTo: URL(fileURLWithPath: path)).truncate(atOffset: 16 << 20)
    _ = try await Command("/sbin/mkfs.ext4", ["-q", "-F", path]).output()
  }

  var options: [String] {
    ["-drive", "file=\(path),if=none,format=raw,id=disk", "-device", "virtio-blk-device,drive=disk"]
  }

  /// What a file in the root of the file system says; empty where there is none.
  func text(of file: String) async throws -> String {
    String(decoding: try await Command("/sbin/debugfs", ["-R", "cat /\(file)", path]).output(), as: UTF8.self)
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}
