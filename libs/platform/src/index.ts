/** Ports to what lies outside the process, each with its real adapters: database, queue, artefacts, state directory. */
export * from './artefacts/artefact-store.js';
export * from './database/database.js';
export { startEmbeddedPostgres, type EmbeddedPostgres } from './database/embedded/server.js';
export * from './database/grafana-role.js';
export * from './database/migrate.js';
export * from './database/queue-role.js';
export * from './home.js';
export * from './http/api-client.js';
export { checkRedis, useBackend, type QueueConnection } from './queue/connection.js';
export * from './queue/run-consumer.js';
export * from './queue/run-queue.js';
export * from './revision.js';
