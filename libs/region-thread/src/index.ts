/** Compiles the JIT's regions on a thread of its own (worker_threads), so that the simulating thread goes on meanwhile. */
export { regionThread } from './region-thread.js';
