extension InlineArray where Element: BitwiseCopyable {
  /// Calls `body` with each element in turn; an inline array is no sequence.
  @inline(__always) func forEach(_ body: (Element) -> Void) { for index in indices { body(self[index]) } }
}
