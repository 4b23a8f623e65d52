import Machine

/// Called by start.S with the machine ready: the whole program. When it returns, the machine turns off.
@c(guest_main)
func guestMain() {
  say("@NAME@: hello from Swift\n")
  timer_start(100)
  while true {
    let ticks = timer_wait()
    guard ticks % 100 == 0 else { continue }
    say("@NAME@: ")
    console_write_number(ticks)
    say(" ticks\n")
  }
}

/// Writes a literal to the console.
func say(_ text: StaticString) { console_write(text.utf8Start) }
