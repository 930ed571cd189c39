import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { giveFile } from '../../../src/node/dashboard/folder.js';
import { hostRefusal, LOCAL } from '../../../src/node/dashboard/guard.js';
import { PageServer } from '../../../src/node/dashboard/page-server.js';

const outside = mkdtempSync(join(tmpdir(), 'shadegrad-folder-'));
const folder = join(outside, 'site');
let server: PageServer;

test.before(async () => {
  mkdirSync(join(folder, 'docs'), { recursive: true });
  writeFileSync(join(outside, 'secret.txt'), 'secret');
  writeFileSync(join(folder, 'index.html'), '<p>start</p>');
  writeFileSync(join(folder, 'docs/index.html'), '<p>docs</p>');
  writeFileSync(join(folder, 'docs/a b.webmanifest'), '{}');
  writeFileSync(join(folder, 'main-0A1B2C3D.js'), '1;');
  writeFileSync(join(folder, 'empty.bin'), '');
  writeFileSync(join(folder, '.hidden'), 'hidden');
  if (process.platform !== 'win32') symlinkSync(join(outside, 'secret.txt'), join(folder, 'link.txt'));
  server = await PageServer.open(0, {
    ...{ title: 'The site', flag: '--port', headers: { 'content-security-policy': "frame-ancestors 'none'" } },
    check: (asked) => hostRefusal(asked, LOCAL),
    answer: (asked, response) => giveFile(folder, asked, response),
  });
});
test.after(async () => {
  await server.close();
  rmSync(outside, { recursive: true });
});

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

/** Asks with a path as it is written: fetch() would tidy it. */
const ask = (path: string, { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {}): Promise<Answer> =>
  new Promise((done, failed) => {
    const asked = request({ host: '127.0.0.1', port: server.port, path, method, headers, agent: false }, (response) => {
      let body = '';
      response.on('data', (part: Buffer) => (body += part.toString()));
      response.on('end', () => done({ status: response.statusCode!, headers: response.headers, body }));
    });
    asked.on('error', failed).end();
  });

test('files come with their types; what has a hash in its name may be kept, and the rest is asked for anew', async () => {
  const start = await ask('/');
  assert.equal([start.status, start.body, start.headers['content-type']], [200, '<p>start</p>', 'text/html; charset=utf-8']);
  assert.is(start.headers['cache-control'], 'no-cache');
  assert.is(start.headers['content-security-policy'], "frame-ancestors 'none'");
  assert.is((await ask('/docs/?page=1')).body, '<p>docs</p>');
  assert.is((await ask('/docs/a%20b.webmanifest')).headers['content-type'], 'application/manifest+json');
  const script = await ask('/main-0A1B2C3D.js');
  assert.is(script.headers['content-type'], 'text/javascript; charset=utf-8');
  assert.match(script.headers['cache-control'] as string, /immutable/);
  assert.equal(await ask('/empty.bin').then(({ status, body }) => [status, body]), [200, '']);
});

test('a file that the browser has is not sent again, until it is another', async () => {
  const { headers } = await ask('/docs/index.html');
  const known = { 'if-none-match': `"other", W/${headers.etag as string}` };
  assert.equal(await ask('/docs/index.html', { headers: known }).then(({ status, body }) => [status, body]), [304, '']);
  writeFileSync(join(folder, 'docs/index.html'), '<p>other docs</p>');
  assert.is((await ask('/docs/index.html', { headers: known })).body, '<p>other docs</p>');
});

test('a folder leads to its page, below which links are relative', async () => {
  const { status, headers } = await ask('/docs');
  assert.equal([status, headers.location], [301, '/docs/']);
  // An address that begins with two slashes would be that of another host.
  assert.is((await ask('//docs')).status, 404);
});

test('nothing that lies elsewhere is given, by whatever way', async () => {
  for (const path of [
    '/../secret.txt',
    '/docs/../../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/docs/..%5c..%5csecret.txt',
    '/link.txt',
    '/.hidden',
    '/%00',
    '/%',
    '/missing.html',
    '/index.html/',
  ]) {
    const { status, body } = await ask(path);
    assert.is(status, 404, path);
    assert.not.match(body, /secret|hidden|start/);
  }
});

test('a server of files changes none, and answers to its own names', async () => {
  const head = await ask('/', { method: 'HEAD' });
  assert.equal([head.status, head.body, head.headers['content-length']], [200, '', '12']);
  assert.is((await ask('/', { method: 'POST' })).status, 405);
  assert.is((await ask('/', { headers: { host: 'elsewhere.example' } })).status, 403);
});

test.run();
