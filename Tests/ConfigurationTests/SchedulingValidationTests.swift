import Configuration
import DeviceTree
import TestSupport
import Testing

@Suite("Validation of scheduling", .timeLimited)
struct SchedulingValidationTests {
  /// All problems of a system on virt with four CPUs.
  private func problems(_ change: (inout SampleSystem) -> Void) throws -> [SystemProblem] {
    var system = SampleSystem()
    change(&system)
    let machine = try MachineDescription(VirtMachine().makeTree())
    var problems: [SystemProblem] = []
    try system.make().validate(on: machine) { problems.append($0) }
    return problems
  }

  /// The problems of a reservation on the second of two vCPUs.
  private func reservation(_ budget: UInt64, _ period: UInt64, _ deadline: UInt64? = nil) throws -> [SystemProblem.Kind]
  {
    let reservation = TimeReservation(
      budgetNanoseconds: budget, periodNanoseconds: period, deadlineNanoseconds: deadline)
    let none = TimeReservation(budgetNanoseconds: 0, periodNanoseconds: 0)
    return try problems { $0.vms[0].reservations = [none, reservation] }.map { problem in
      #expect((problem.subject, problem.field) == (.vcpu(vm: 0, vcpu: 1), .reservation))
      return problem.kind
    }
  }

  @Test("a reservation's budget, deadline and period come in this order, none of them absurd")
  func reservations() throws {
    #expect(try reservation(200_000, 1_000_000) == [])
    #expect(try reservation(200_000, 1_000_000, 500_000) == [])
    #expect(try reservation(1_000_000, 1_000_000) == [])
    #expect(try reservation(1_000_001, 1_000_000) == [.outOfOrder])
    #expect(try reservation(200_000, 1_000_000, 199_999) == [.outOfOrder])
    #expect(try reservation(200_000, 1_000_000, 1_000_001) == [.outOfOrder])
    #expect(try reservation(999, 1_000_000) == [.tooSmall(limit: 1000)])
    #expect(try reservation(1000, 10_000_000_001) == [.tooLarge(limit: 10_000_000_000)])
    #expect(try reservation(0, 1_000_000) == [.tooSmall(limit: 1000)])
    #expect(try reservation(.max, .max) == [.tooLarge(limit: 10_000_000_000)])
  }

  @Test("lists with an entry for each vCPU have just that many")
  func counts() throws {
    let reservation = TimeReservation(budgetNanoseconds: 1000, periodNanoseconds: 2000)
    #expect(
      try problems { $0.vms[0].reservations = [reservation] }
        == [SystemProblem(.vm(0), .reservation, .malformed)])
    #expect(
      try problems { $0.vms[0].priorities = [1, 2, 3] } == [SystemProblem(.vm(0), .priority, .malformed)])
    #expect(try problems { $0.vms[0].priorities = [1, .max] } == [])
  }

  @Test("the times of a CPU have limits")
  func times() throws {
    #expect(try problems { $0.cpus = [.init(index: 0, overhead: 0), .init(index: 1, overhead: 1_000_000)] } == [])
    #expect(
      try problems { $0.cpus = [.init(index: 0, overhead: 1_000_001)] }
        == [SystemProblem(.cpu(index: 0), .overhead, .tooLarge(limit: 1_000_000))])
    let window = CPUDescription.Window(vm: 0, vcpu: 0, startNanoseconds: 0, lengthNanoseconds: 5000)
    #expect(
      try problems { $0.cpus = [.init(index: 0, policy: "cyclic", frame: 9999, windows: [window])] }
        == [SystemProblem(.cpu(index: 0), .frame, .tooSmall(limit: 10_000))])
  }

  @Test("a window names a vCPU that there is, on its CPU")
  func windows() throws {
    func kinds(_ vm: UInt32, _ vcpu: UInt32) throws -> [SystemProblem] {
      let good = CPUDescription.Window(vm: 0, vcpu: 1, startNanoseconds: 0, lengthNanoseconds: 1_000_000)
      let window = CPUDescription.Window(vm: vm, vcpu: vcpu, startNanoseconds: 1_000_000, lengthNanoseconds: 1_000_000)
      return try problems {
        $0.vms[0].vcpus = [2, 1]
        $0.cpus = [
          .init(index: 0), .init(index: 1, policy: "cyclic", frame: 10_000_000, windows: [good, window]),
        ]
      }
    }
    let second = SystemProblem.Subject.window(cpu: 1, window: 1)
    #expect(try kinds(0, 1) == [])
    #expect(try kinds(0, 0) == [SystemProblem(second, .windows, .onAnotherCPU(2))])
    #expect(try kinds(0, 2) == [SystemProblem(second, .windows, .noSuchVCPU(vm: 0, vcpu: 2))])
    #expect(try kinds(1, 0) == [SystemProblem(second, .windows, .noSuchVCPU(vm: 1, vcpu: 0))])
    #expect(try kinds(.max, .max) == [SystemProblem(second, .windows, .noSuchVCPU(vm: .max, vcpu: .max))])
  }
}
