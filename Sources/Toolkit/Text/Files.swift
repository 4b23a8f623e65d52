public import Foundation
internal import SystemPackage

/// Reading and writing files, with failures that say why in plain words.
public enum Files {
  /// The most bytes that are read of one file: more than any bundle could hold.
  static let sizeLimit = 1 << 31

  /// All bytes of a file that a person named on the command line: a regular file, or the end of a pipe.
  /// - Throws: `Failure` with the path and the reason.
  public static func contents(of path: String) throws(Failure) -> Data {
    do throws(Failure) { return try bytes(of: path, allowsPipes: true) } catch {
      throw Failure("cannot read \(path): \(error)")
    }
  }

  /// All bytes of a file that another file names, which must be a regular one: a pipe might never end.
  /// - Throws: `Failure` with the reason alone.
  static func bytes(of path: String, allowsPipes: Bool = false) throws(Failure) -> Data {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { throw Failure(reason(errno)) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFIFO where allowsPipes: break
    case S_IFDIR: throw Failure("it is a folder")
    default: throw Failure("it is no regular file")
    }
    guard status.st_size < sizeLimit else { throw Failure("it has 2GiB or more") }
    guard unsafe access(path, R_OK) == 0 else { throw Failure(reason(errno)) }
    guard let data = FileManager.default.contents(atPath: path) else { throw Failure("reading it failed") }
    return data
  }

  /// Writes a file, over what was there.
  /// - Throws: `Failure` with the path and the reason.
  public static func write(_ data: Data, to path: String) throws(Failure) {
    do {
      let flags: FileDescriptor.OpenOptions = [.create, .truncate]
      let file = try FileDescriptor.open(
        FilePath(path), .writeOnly, options: flags, permissions: FilePermissions(rawValue: 0o666))
      try file.closeAfter { _ = try file.writeAll(data) }
    } catch {
      throw Failure("cannot write \(path): \(reason(error))")
    }
  }

  /// Writes a text file, over what was there.
  public static func write(_ text: String, to path: String) throws(Failure) { try write(Data(text.utf8), to: path) }

  /// Makes a folder and those that it lies in, where they are missing.
  /// - Throws: `Failure` with the path and the reason.
  public static func makeFolder(_ path: String) throws(Failure) {
    var made = path.hasPrefix("/") ? "/" : ""
    for name in path.split(separator: "/") {
      made += (made.isEmpty || made == "/" ? "" : "/") + name
      guard unsafe mkdir(made, 0o777) == 0 || errno == EEXIST else {
        throw Failure("cannot make the folder \(path): \(reason(errno))")
      }
    }
    guard (try? FileManager.default.contentsOfDirectory(atPath: made.isEmpty ? "." : made)) != nil else {
      throw Failure("cannot make the folder \(path): there is a file of that name")
    }
  }

  private static func reason(_ error: any Error) -> String {
    (error as? Errno).map { reason($0.rawValue) } ?? "\(error)"
  }

  /// An error number in words.
  private static func reason(_ number: CInt) -> String {
    switch number {
    case ENOENT: "there is no such file or folder"
    case EACCES, EPERM: "permission is denied"
    case ENOTDIR: "a part of the path is no folder"
    case EISDIR: "it is a folder"
    case ENAMETOOLONG: "the path is too long"
    case ENOSPC: "no space is left"
    case EROFS: "the file system is read-only"
    default: Errno(rawValue: number).description.lowercased()
    }
  }
}
