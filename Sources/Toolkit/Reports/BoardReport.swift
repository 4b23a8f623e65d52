// What `tvisor boards --json` prints.

extension Board {
  /// The board for other programs. `qemu` is null where QEMU does not play it, `loader` and `chip` where nothing is said.
  ///
  /// ```
  /// {"name": "zcu102", "summary": "…", "chip": "…", "isa": "armv8", "image": "tvisor-armv8.img", "tree": "…", "console": "…",
  ///  "loader": "…", "tested": "…",
  ///  "qemu": {"machine": "xlnx-zcu102,virtualization=on", "models": ["cortex-a53"], "gicVersions": [], "cpus": 4, "memoryBytes": …}}
  /// ```
  public var json: JSON {
    [
      "name": .text(name), "summary": .text(summary), "chip": JSON(chip), "isa": .text(isa),
      "image": .text("tvisor-\(isa).img"), "tree": .text(treeSource), "console": .text(console), "loader": JSON(loader),
      "tested": .text(tested), "qemu": qemu?.json ?? .null,
    ]
  }

  /// Boards by name, as they were read or with what is wrong with their files.
  ///
  /// ```
  /// {"format": "tvisor-boards-1", "boards": […], "broken": [{"name": "…", "message": "…"}]}
  /// ```
  public static func json(of boards: [(name: String, board: Result<Board, any Error>)]) -> JSON {
    let sound = boards.compactMap { try? $0.board.get().json }
    let broken = boards.compactMap { name, board -> JSON? in
      guard case .failure(let error) = board else { return nil }
      return ["name": .text(name), "message": .text("\(error)")]
    }
    return ["format": "tvisor-boards-1", "boards": .list(sound), "broken": .list(broken)]
  }
}

extension Board.QEMU {
  fileprivate var json: JSON {
    [
      "machine": .text(machine), "models": .list(models.map(JSON.text)),
      "gicVersions": .list(gicVersions.map { JSON($0) }), "cpus": JSON(processorCount), "memoryBytes": JSON(memory),
    ]
  }
}

extension TreeTable {
  /// What was found in each tree.
  ///
  /// ```
  /// {"format": "tvisor-trees-1", "trees": [{"file": "…", "model": "…", "interruptController": "…", "timer": "…", "cpus": "…",
  ///   "console": "…", "memory": "…", "verdict": "runs", "reason": ""}], "unreadable": ["…"]}
  /// ```
  public var json: JSON {
    [
      "format": "tvisor-trees-1", "trees": .list(reports.map(\.json)), "unreadable": .list(failures.map(JSON.text)),
    ]
  }
}

extension TreeReport {
  fileprivate var json: JSON {
    [
      "file": .text(name), "model": .text(model), "interruptController": .text(interruptController),
      "timer": .text(timer), "cpus": .text(processors), "console": .text(console), "memory": .text(memory),
      "verdict": .text(verdict.rawValue), "reason": .text(reason),
    ]
  }
}
