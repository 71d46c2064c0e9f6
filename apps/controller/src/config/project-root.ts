import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Above the sources as well as above what is built from them. */
export function projectRoot(): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); dirname(at) !== at; at = dirname(at))
    if (existsSync(join(at, 'prisma', 'schema.prisma'))) return at;
  throw new Error('found no prisma/schema.prisma above the controller, expected to run from the checkout');
}
