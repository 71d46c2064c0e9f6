/** The language all processes share: Zod schemas, their types, and pure functions over them. Imports nothing but zod. */
export * from './campaign.js';
export * from './canonical-json.js';
export * from './event-stream.js';
export * from './events.js';
export * from './http.js';
export * from './input-error.js';
export * from './queues.js';
export * from './report-page.js';
export * from './report.js';
export * from './result.js';
export * from './run-state.js';
export * from './run.js';
export * from './strict-object.js';
export * from './target-config.js';
export * from './workload.js';
