/** The compiling thread: takes requests from its port as they come, and ends with the process. */
import { RegionMaker } from '#libs/riscv-core';
import { setFlagsFromString } from 'node:v8';
import { workerData } from 'node:worker_threads';
import type { Answer, Request, ThreadData } from './messages.js';

// Else V8 compiles each function when it is called first, on the thread that calls it. Holds for the whole process.
setFlagsFromString('--no-wasm-lazy-compilation');

const { port, finished } = workerData as ThreadData;
let machine = 0;
let maker: RegionMaker | undefined;

function answer({ number, machine: of, setting, batch }: Request): Answer {
  try {
    if (maker === undefined || machine !== of) maker = new RegionMaker(setting);
    machine = of;
    const bytes = maker.make(batch);
    return { number, module: new WebAssembly.Module(bytes), bytes: bytes.length };
  } catch (error) {
    return { number, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

port.on('message', (request: Request) => {
  port.postMessage(answer(request));
  Atomics.add(finished, 0, 1);
});
