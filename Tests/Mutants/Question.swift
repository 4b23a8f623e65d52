import Foundation
import Toolkit

// How what is built finds out which of its mistakes it has.

/// In tests on the host: by a variable of the environment.
enum HostMutation {
  /// The variable; without it, none.
  static let variable = "TVISOR_MUTATION"

  /// What each module with a mistake in it has beside its own files.
  static let question = """
    internal import Glibc

    @usableFromInline let chosenMutation = unsafe getenv("\(variable)").map { unsafe atol($0) } ?? 0
    @usableFromInline func \(Schema.question)(_ number: Int) -> Bool { chosenMutation == number }

    """
}

/// In an image: by a number within it.
enum ImageMutation {
  /// What stands before the number, which is nowhere else in an image.
  private static let mark: [UInt8] = Array("mutation:".utf8) + [0, 0, 0]

  /// What each module with a mistake in it has beside its own files.
  static let question = """
    @_silgen_name("tvisor_chosen_mutation") private func chosenMutation() -> UInt32
    @inline(never) func \(Schema.question)(_ number: UInt32) -> Bool { chosenMutation() == number }

    """

  /// What the image has beside its own files.
  static let choice = """
    #include <stdint.h>

    static const struct {
      char mark[12];
      volatile uint32_t number;
    } choice = {"mutation:", 0};

    uint32_t tvisor_chosen_mutation(void) { return choice.number; }

    """

  /// The image with that mistake in it; 0 for none.
  /// - Throws: `Failure` where it has no place for the number, or several.
  static func choosing(_ number: Int, in image: Data) throws -> Data {
    guard let place = image.range(of: Data(mark)),
      image.range(of: Data(mark), in: place.upperBound..<image.endIndex) == nil
    else { throw Failure("the image does not say which of its mistakes it has; build it by `make mutants`") }
    var image = image
    for index in 0..<4 { image[place.upperBound + index] = UInt8(truncatingIfNeeded: number >> (8 * index)) }
    return image
  }
}
