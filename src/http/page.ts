import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';

const FOLDER = path.join(import.meta.dirname, 'page');
const HTML = 'text/html; charset=utf-8';
const CSS = 'text/css; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
const FILES: Readonly<Record<string, string>> = {
  ...{ 'index.html': HTML, 'page.css': CSS, 'icon.svg': 'image/svg+xml' },
  ...{ 'page.js': SCRIPT, 'chart.js': SCRIPT, 'elements.js': SCRIPT, 'units.js': SCRIPT, 'views.js': SCRIPT },
};
/** All that the page may load, and do: keys and errors of clients are on it. */
const POLICY = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');

/** GET /: the live page, whose files lie as they are in `page/`. */
export function pageRoutes(server: FastifyInstance): void {
  for (const [name, type] of Object.entries(FILES)) {
    const bytes = readFileSync(path.join(FOLDER, name));
    const route = name === 'index.html' ? '/' : `/page/${name}`;
    server.get(route, (_, reply) =>
      reply
        .headers({
          'content-type': type,
          'content-security-policy': POLICY,
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'no-referrer',
          'cache-control': 'no-cache',
        })
        .send(bytes),
    );
  }
}
