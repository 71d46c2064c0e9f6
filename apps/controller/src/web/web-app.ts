import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { NextFunction, Request, Response } from 'express';

/** First parts of paths that are not the dashboard's. */
const elsewhere = /^\/(api|docs|docs-json|docs-yaml|health|metrics)(\/|$)/;

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

/** Nothing from outside, no inline script or style, in nobody's frame; API keys stay out of the Referer. */
const headers: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

interface Asset {
  readonly type: string;
  readonly body: Buffer;
  readonly gzip: Buffer;
  readonly etag: string;
  /** Its name holds a hash of its content. */
  readonly lasting: boolean;
}

/**
 * Serves the built dashboard at every path that is not the API's: its files by name, its page for everything else, since
 * the page reads the path itself. All files are read at the start: there is no path of a request that could reach the disk.
 */
export function webApp(directory: string): (request: Request, response: Response, next: NextFunction) => void {
  const assets = readAssets(directory);
  return (request, response, next) => {
    if ((request.method !== 'GET' && request.method !== 'HEAD') || elsewhere.test(request.path)) return next();
    response.set(headers);
    const named = assets.get(request.path);
    const asset = named ?? (extname(request.path) === '' ? assets.get('/index.html') : undefined);
    if (asset === undefined) {
      const missing = assets.size === 0;
      response
        .status(missing ? 503 : 404)
        .type('text/plain')
        .send(missing ? 'The dashboard is not built: run "npm run build".\n' : 'No such file.\n');
      return;
    }
    response.set({
      'content-type': asset.type,
      etag: asset.etag,
      vary: 'accept-encoding',
      'cache-control': asset.lasting ? 'public, max-age=31536000, immutable' : 'no-cache',
    });
    if (request.fresh) return void response.status(304).end();
    const zipped = request.acceptsEncodings('gzip') === 'gzip';
    if (zipped) response.set('content-encoding', 'gzip');
    response.end(request.method === 'HEAD' ? undefined : zipped ? asset.gzip : asset.body);
  };
}

/** Path -> file; empty when the dashboard was never built. */
function readAssets(directory: string): Map<string, Asset> {
  const assets = new Map<string, Asset>();
  if (statSync(directory, { throwIfNoEntry: false }) === undefined) return assets;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const name = relative(directory, file).split(sep).join('/');
    const body = readFileSync(file);
    assets.set(`/${name}`, {
      type: mediaTypes[extname(name)] ?? 'application/octet-stream',
      body,
      gzip: gzipSync(body),
      etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 20)}"`,
      lasting: name.startsWith('assets/'),
    });
  }
  return assets;
}
