#![no_std]

use core::panic::PanicInfo;

// What machine.h declares.
extern "C" {
    fn console_write(text: *const u8);
    fn console_write_number(number: u32);
    fn timer_start(times_a_second: u32);
    fn timer_wait() -> u32;
    fn machine_off() -> !;
}

/// Writes a text that ends in NUL to the console.
fn say(text: &'static str) {
    assert!(text.ends_with('\0'));
    // It ends in NUL, and console_write only reads up to that.
    unsafe { console_write(text.as_ptr()) }
}

/// Called by start.S with the machine ready: the whole program. When it returns, the machine turns off.
#[no_mangle]
pub extern "C" fn guest_main() {
    say("@NAME@: hello from Rust\n\0");
    unsafe { timer_start(100) };
    loop {
        let ticks = unsafe { timer_wait() };
        if ticks % 100 == 0 {
            say("@NAME@: \0");
            unsafe { console_write_number(ticks) };
            say(" ticks\n\0");
        }
    }
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    unsafe {
        console_write("@NAME@: panic\n\0".as_ptr());
        machine_off()
    }
}
