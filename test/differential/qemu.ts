/** Runs a bare-metal image on QEMU's machine `virt` and returns what it sent to its UART. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const COMMAND = 'qemu-system-riscv64';
/** A program that QEMU does not finish by then hangs there. Not a measured time: it only bounds a failure. */
const GIVE_UP_MS = 60_000;

export function qemuVersion(): string | undefined {
  const { status, stdout } = spawnSync(COMMAND, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0] : undefined;
}

/** `image` is loaded and started at 0x8000_0000 in M-mode; it must stop the machine through the test finisher. `cpu`: value of -cpu. */
export function runOnQemu(image: Uint8Array, memoryMiB: number, cpu: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'dvfarm-qemu-'));
  try {
    const file = join(folder, 'program.bin');
    const console = join(folder, 'console.bin');
    writeFileSync(file, image);
    const args = [
      ...['-M', 'virt', '-cpu', cpu, '-m', `${memoryMiB}M`, '-bios', file],
      ...['-display', 'none', '-monitor', 'none', '-serial', `file:${console}`],
    ];
    const { status, stderr, error } = spawnSync(COMMAND, args, { encoding: 'utf8', timeout: GIVE_UP_MS });
    if (error !== undefined) throw new Error(`${COMMAND}: ${error.message}`);
    if (status !== 0) throw new Error(`${COMMAND} ended with status ${status}: ${stderr}`);
    return readFileSync(console);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
