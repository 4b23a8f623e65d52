/// A seeded mistake: one change of behaviour at one place, which the tests of its module shall notice.
struct Mutation: Sendable {
  /// What the text is that the change replaces, and with that, how it gets into a build.
  enum Form: String, CaseIterable, Sendable {
    /// A whole expression; the build has both, and which one counts is chosen when it runs.
    case expression
    /// Whole statements, likewise.
    case statement
    /// Any text: a build of its own, for what is neither, such as a declaration.
    case text
  }

  /// What mistakes are made in.
  enum Subject: String, CaseIterable, Sendable {
    /// What tests on the host are built of.
    case tests
    /// The images that tests boot in QEMU.
    case images
  }

  /// Which one it is, from 1: how a build that has many is told.
  var number: Int
  /// The module that it is counted with.
  var module: String
  /// The tests that shall notice it: a regular expression over their names.
  var tests: String
  /// What it is made in.
  var subject = Subject.tests
  /// Where it is written down: a file and a line.
  var origin: String
  /// The source file, from the checkout's root.
  var file: String
  var form: Form
  /// What is there. White space stands for any white space.
  var original: String
  /// What is there instead.
  var replacement: String
  /// Why that is a mistake.
  var why: String
  /// Why it changes nothing that anybody could see, if it is known to: then no test shall notice it.
  var equivalence: String?

  /// Which mistakes it was chosen with: what the file's name begins with.
  var collection: String { String(origin.prefix { $0 != "-" && $0 != "." }) }

  /// One line that names it.
  var title: String { "\(origin): \(file): \(why)" }
}
