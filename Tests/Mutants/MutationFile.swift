import Toolkit
import Yams

/// A file of seeded mistakes: of which module, by which tests, and then each with its place, its change and why.
struct MutationFile {
  var mutations: [Mutation]

  /// Reads a file. Numbers go on from `first`.
  /// - Throws: `Failure` with the place of the first mistake in it.
  init(path: String, text: String, numberingFrom first: Int) throws {
    guard let root = try Yams.compose(yaml: text), let module = root["module"]?.string,
      let tests = root["tests"]?.string
    else { throw Failure("\(path): it needs `module:` and `tests:`") }
    guard let subject = Mutation.Subject(rawValue: root["in"]?.string ?? "tests") else {
      throw Failure("\(path): mistakes are `in: tests` or `in: images`")
    }
    mutations = try (root["mutations"]?.sequence.map(Array.init) ?? []).enumerated().map { index, node in
      let origin = "\(path):\(node.mark?.line ?? 0)"
      func field(_ name: String) throws -> String {
        guard let value = node[name]?.string, !value.isEmpty else { throw Failure("\(origin): `\(name):` is missing") }
        return value
      }
      let forms = Mutation.Form.allCases.filter { node[$0.rawValue] != nil }
      guard forms.count == 1, let form = forms.first else {
        throw Failure("\(origin): what is changed is one `expression:`, one `statement:` or one `text:`")
      }
      return Mutation(
        number: first + index, module: module, tests: node["tests"]?.string ?? tests, subject: subject,
        origin: origin,
        file: try field("file"), form: form, original: try field(form.rawValue),
        replacement: node["becomes"]?.string ?? "", why: try field("why"), equivalence: node["equivalent"]?.string)
    }
  }
}
