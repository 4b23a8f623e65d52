import Foundation
import Toolkit

/// QEMU's own word on a machine whose console is silent, by its machine protocol over a socket.
struct QEMUMonitor: Sendable {
  private let path = "\(NSTemporaryDirectory())/tvisor-\(UUID().uuidString.prefix(8)).qmp"

  /// What has QEMU listen.
  var options: [String] { ["-qmp", "unix:\(path),server=on,wait=off"] }

  /// A CPU that takes one exception after the other at EL1 or below it, and no instruction, by which QEMU counts the time: its
  /// time stands still, though every other machine's would go on.
  ///
  /// True only where QEMU says both: the count of instructions does not move, and the CPU is not at the hypervisor's level.
  func hasGuestWithoutInstructions() async throws -> Bool {
    let before = try state()
    try await Task.sleep(for: .seconds(2))
    let after = try state()
    return before.instructionCount == after.instructionCount && !before.isInHypervisor && !after.isInHypervisor
  }

  private func state() throws -> (instructionCount: Int, isInHypervisor: Bool) {
    let answers = try ask([
      #"{"execute":"qmp_capabilities"}"#, #"{"execute":"query-replay"}"#,
      #"{"execute":"human-monitor-command","arguments":{"command-line":"info registers"}}"#,
    ])
    guard let replay = answers[1] as? [String: Any], let count = replay["icount"] as? Int,
      let registers = answers[2] as? String
    else { throw Failure("QEMU's monitor answers something else: \(answers)") }
    // The last word of PSTATE's and PSR's line: EL2h, hyp32.
    return (count, registers.contains("EL2") || registers.contains("hyp32"))
  }

  /// Makes these requests, and waits for their answers.
  private func ask(_ requests: [String]) throws -> [Any] {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Failure("no socket for QEMU's monitor") }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var patience = timeval(tv_sec: 30, tv_usec: 0)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    guard path.utf8.count < capacity else { throw Failure("too long for a socket: \(path)") }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    let connected = unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard connected == 0 else { throw Failure("QEMU's monitor does not listen at \(path)") }
    var (answers, rest): ([Any], Data) = ([], Data())
    for request in requests {
      try handle.write(contentsOf: Data((request + "\n").utf8))
      let count = answers.count
      while answers.count == count {
        if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
          let line = try JSONSerialization.jsonObject(with: rest[..<end]) as? [String: Any]
          rest.removeSubrange(...end)
          if let answer = line?["return"] { answers.append(answer) }
          if let error = line?["error"] { throw Failure("QEMU's monitor: \(error)") }
        } else {
          // What is there, and not until so much is: nobody would ever come back.
          var bytes = [UInt8](repeating: 0, count: 65536)
          let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
          guard count > 0 else { throw Failure("QEMU's monitor does not answer") }
          rest.append(contentsOf: bytes[..<count])
        }
      }
    }
    return answers
  }
}
