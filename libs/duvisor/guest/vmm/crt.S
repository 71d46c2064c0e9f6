/*
 * U-mode, first instruction of the VMM. The kernel gives Linux's initial stack: argc, argv[0..argc-1], 0, envp.., 0, auxv.
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

/*
 * long thread_clone(a0 = stack top, a1 = function, a2 = argument). The new thread comes back from clone with a0 = 0 on the
 * new stack, calls the function and ends itself; its stack stays mapped.
 */
  .globl thread_clone
thread_clone:
  mv t0, a1
  mv t1, a2
  mv a1, a0
  li a0, 0x50f00 /* CLONE_VM, FS, FILES, SIGHAND, THREAD, SYSVSEM */
  li a2, 0
  li a3, 0
  li a4, 0
  li a7, 220
  ecall
  bnez a0, 1f
  mv a0, t1
  jalr t0
  li a0, 0
  li a7, 93 /* exit, of this thread */
  ecall
1: ret
