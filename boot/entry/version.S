// Where the tool writes what release a linked image belongs to, and the bundles' format that it reads: no compiler knows them, so that
// the same sources make the same code.

  .section .rodata.version, "a"
  .balign 8
  .global tvisor_version
tvisor_version:
  .asciz "tvisor,version"          // 16 bytes by which the tool finds it
  .byte 0
  .asciz "unstamped"               // 48 bytes: the version
  .space 38
  .space 32                        // the format
