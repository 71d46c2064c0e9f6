/*
 * U-mode, first instruction of a service. The kernel gives Linux's initial stack: argc, argv[0..argc-1], 0, envp.., 0, auxv.
 * No register but sp is defined.
 */
  .section .text.start, "ax"
  .globl _start
_start:
  ld a0, 0(sp)
  addi a1, sp, 8
  andi sp, sp, -16
  call main
  li a7, 94 /* exit_group */
  ecall
  ebreak
