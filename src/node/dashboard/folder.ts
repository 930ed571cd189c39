import { createReadStream, type Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { refuse, type PageRequest } from './page-server.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
};

/** Names with a hash of what is in the file: it is never another. */
const UNCHANGING = /-[A-Z0-9]{8}\.\w+$/;

/**
 * Answers with a file of a folder, and with nothing that lies elsewhere, by whatever way or link.
 *
 * @param folder of pages that are the same for everybody
 */
export async function giveFile(folder: string, { request, path }: PageRequest, response: ServerResponse): Promise<void> {
  const { method, headers } = request;
  if (method !== 'GET' && method !== 'HEAD') return refuse(response, 405, 'Only GET.', { allow: 'GET, HEAD' });
  const found = await findFile(folder, path);
  if (found === null) return refuse(response, 404, 'There is no such file here.');
  const { file, status } = found;
  // A link in a page is relative to its folder, which the address has to show.
  if (status.isDirectory()) return void response.writeHead(301, { location: `${path.replace(/^\/+/, '/')}/`, 'content-length': 0 }).end();
  const tag = `"${status.size.toString(16)}-${Math.round(status.mtimeMs).toString(16)}"`;
  response.setHeader('etag', tag);
  response.setHeader('cache-control', UNCHANGING.test(file) ? 'public, max-age=31536000, immutable' : 'no-cache');
  const known = (headers['if-none-match'] ?? '').split(/\s*,\s*/).map((each) => each.replace(/^W\//, ''));
  if (known.includes(tag)) return void response.writeHead(304).end();
  response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-length': status.size });
  if (method === 'HEAD') return void response.end();
  await pipeline(createReadStream(file, { end: Math.max(status.size - 1, 0) }), response);
}

interface Found {
  readonly file: string;
  readonly status: Stats;
}

/** The file of a path, or the folder where it lacks its last slash; null for what is missing or lies elsewhere. */
async function findFile(folder: string, path: string): Promise<Found | null> {
  try {
    const parts = decodeURIComponent(path).slice(1).split('/');
    const last = parts.pop();
    const names = last === '' ? [...parts, 'index.html'] : [...parts, last!];
    if (names.some((name) => name === '' || name.startsWith('.') || /[\\:\0]/.test(name))) return null;
    const root = await realpath(folder);
    const file = await realpath(join(root, ...names));
    const status = await stat(file);
    if (!file.startsWith(root + sep) || !(status.isFile() || status.isDirectory())) return null;
    return { file, status };
  } catch {
    return null;
  }
}
