internal import Foundation

/// The boot partition of a Raspberry Pi's SD card, but for the vendor's firmware.
struct CardFiles {
  var board: Board
  var card: Board.Card

  func files(image: Data, bundle: Data, tree: Data) -> [BootFiles.File] {
    [
      (card.kernel, image), (card.bundle, bundle), (treeName, tree), ("README-TVISOR.txt", Data(guide.utf8)),
      ("config.txt", Data(configuration.utf8)),
    ]
  }

  private var treeName: String { board.tree?.name ?? "board.dtb" }

  private var configuration: String {
    let intro = "# TVisor on \(board.name): written by `tvisor boot-files`."
    return ([intro] + card.configuration).map { $0 + "\n" }.joined()
  }

  private var guide: String {
    """
    TVisor on \(board.name)

    Copy all of this folder onto the card's first partition (FAT), and beside it the vendor's firmware, which is not
    TVisor's to give away:

    \(card.firmware.map { "  \($0)\n" }.joined())
    from \(card.source)

      \(card.kernel)  TVisor
      \(card.bundle)  the virtual machines: `tvisor bundle` makes another
      \(treeName)  the board's device tree\(board.tree?.package.map { ", from Debian's \($0)" } ?? "")
      config.txt  tells the firmware all that

    Console: \(board.console).

    """
  }
}
