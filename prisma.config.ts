import { defineConfig } from 'prisma/config';

// `prisma migrate deploy` may be used on the same database as our own runner (libs/platform/src/database/migrate.ts).
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env['DATABASE_URL'] ?? 'postgresql://unset' },
});
