import Foundation
import Testing
import Toolkit

@Suite("A disk of the board's, given to Linux")
struct PassthroughTests {
  @Test(
    "is mounted and written, over a reboot too, while the metronome ticks beside it",
    arguments: [
      Booting.Choice(gic: 2, processors: 1, counts: true), Booting.Choice(gic: 3, processors: 2, counts: true),
    ])
  func disk(choice: Booting.Choice) async throws {
    let disk = try await Disk()
    defer { disk.remove() }
    var choice = choice
    choice.options = disk.options
    let processor = choice.processors - 1
    let system = Self.debian(on: processor, with: Self.lastPage) + Booting.own("metronome", on: "[\(processor)]")
    try await Booting.boot(system, choice) { console in
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
