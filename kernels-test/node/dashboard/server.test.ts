// first driver only: it runs no kernels. What the server of a dashboard gives to whom, and what it refuses.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingHttpHeaders, type RequestOptions, type Server } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ShadegradError } from '../../../src/errors.js';
import { EventClients } from '../../../src/node/dashboard/event-clients.js';
import { cannotListen } from '../../../src/node/dashboard/listen.js';
import { PageServer } from '../../../src/node/dashboard/page-server.js';
import { Dashboard } from '../../../src/node/dashboard/server.js';
import type { DashboardRun, DashboardState } from '../../../src/node/dashboard/state.js';
import { encodePng } from '../../../src/node/images/read.js';
import { failure } from '../../harness/devices.js';
import { temporaryFolder } from '../../harness/program.js';

const folder = temporaryFolder('dashboard');
const png = Buffer.from(encodePng({ width: 1, height: 1, data: new Uint8Array(3) }));
const status = { state: 'running', step: 3, totalSteps: 9, epoch: 1, seconds: 2, memory: { inUse: 1, pooled: 2, peak: 3 } } as const;
const state: DashboardState = {
  ...{
    title: 'pix2pix',
    folder: 'runs/</script>',
    adapter: 'none',
    losses: [],
    metrics: [],
    columns: [],
    rows: [],
    steps: [],
    measured: [],
  },
  ...{ gradients: [], samples: [1], status },
};
let asked: string[] = [];
const run: DashboardRun = {
  path: folder,
  state: () => state,
  previewOf: (step) => (step <= 3 ? join(folder, 'samples', `${step}.png`) : undefined),
  patches: () => png,
  controls: { pause: () => asked.push('pause'), resume: () => asked.push('resume'), save: () => asked.push('save') },
};
let dashboard: Dashboard;
let port: number;
let token: string;

test.before(async () => {
  mkdirSync(join(folder, 'samples'));
  writeFileSync(join(folder, 'samples', '1.png'), png);
  writeFileSync(join(folder, 'secret'), 'secret');
  symlinkSync(join(folder, 'secret'), join(folder, 'samples', '2.png'));
  mkdirSync(join(folder, 'samples', '3.png'));
  port = await freePort();
  dashboard = await Dashboard.open(port);
  assert.is((await get('/')).status, 503, 'there is no run yet');
  const address = new URL(dashboard.show(run));
  assert.is(address.port, String(port));
  token = address.searchParams.get('token')!;
});
test.after(async () => {
  await dashboard.close();
  rmSync(folder, { recursive: true, force: true });
});
test.before.each(() => void (asked = []));

async function freePort(): Promise<number> {
  const server = await listening(0);
  const { port: free } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return free;
}

const listening = (at: number): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(at, '127.0.0.1', () => resolve(server));
  });

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function get(path: string, { headers, ...options }: RequestOptions = {}, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, agent: false, headers: { ...headers }, ...options }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const withToken = (headers: Readonly<Record<string, string>> = {}): RequestOptions => ({
  headers: { authorization: `Bearer ${token}`, ...headers },
});
const post = (path: string, options: RequestOptions, body = ''): Promise<Answer> => get(path, { method: 'POST', ...options }, body);

/** Sends bytes as they are. */
const raw = (bytes: string): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });

test('the address that the terminal printed opens the page, and gives the browser a cookie that reads', async () => {
  const page = await get(`/?token=${token}`);
  assert.is(page.status, 200);
  assert.match(page.headers['content-type']!, 'text/html');
  const [cookie] = page.headers['set-cookie']!;
  assert.match(cookie!, /HttpOnly; SameSite=Strict$/);
  assert.not.match(cookie!, token);
  const headers = { cookie: cookie!.split(';')[0]! };
  for (const path of [
    '/',
    '/page.js',
    '/page.css',
    '/uplot.js',
    '/uplot.css',
    '/icon.svg',
    '/samples/1.png',
    '/patches.png',
    '/patches.png?step=3',
  ]) {
    const answer = await get(path, { headers });
    assert.is(answer.status, 200, path);
    assert.is(answer.headers['x-content-type-options'], 'nosniff');
    assert.match(answer.headers['content-security-policy'] as string, "default-src 'none'; script-src 'self'");
    assert.is(answer.headers['cache-control'], 'no-store');
    assert.not.match(answer.body, token);
  }
  assert.is((await get('/samples/1.png', { headers })).body, png.toString('latin1'));
  assert.not.match((await get('/', { headers })).body, /https?:\/\/|<script>|style="/);
  // It reads, and does no more.
  assert.is((await post('/do/pause', { headers })).status, 401);
  assert.equal(asked, []);
});

test('nothing without the token', async () => {
  for (const path of ['/', '/page.js', '/samples/1.png', '/events', '/?token=', `/?token=${token}x`, `/?token=${token.slice(1)}`]) {
    const answer = await get(path);
    assert.is(answer.status, 401, path);
    assert.is(answer.headers['set-cookie'], undefined);
  }
  for (const headers of [{}, { authorization: token }, { authorization: `Bearer ${token}x` }, { cookie: `shadegrad=${token}` }])
    assert.is((await post('/do/save', { headers })).status, 401);
  assert.is((await post(`/do/save?token=${token}`, {})).status, 401, 'not by its address, which other pages could name');
  assert.equal(asked, []);
});

test('what a run is asked for', async () => {
  for (const name of ['pause', 'resume', 'save']) assert.is((await post(`/do/${name}`, withToken())).status, 204);
  assert.equal(asked, ['pause', 'resume', 'save']);
  const own = withToken({ origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin' });
  assert.is((await post('/do/save', own)).status, 204, 'from its own page');
  const tunnel = withToken({ host: 'localhost:9000', origin: 'http://localhost:9000' });
  assert.is((await post('/do/save', tunnel)).status, 204, 'through a tunnel');
  for (const name of ['stop', '__proto__', 'constructor', '', 'pause/'])
    assert.is((await post(`/do/${name}`, withToken())).status, 404, name);
});

test('other hosts: DNS rebinding', async () => {
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '0.0.0.0',
    '127.0.0.2',
    'localhost:',
  ])
    assert.is((await get('/', withToken({ host }))).status, 403, host);
  for (const host of [`127.0.0.1:${port}`, 'LOCALHOST', `[::1]:${port}`])
    assert.is((await get('/', withToken({ host }))).status, 200, host);
  assert.match(await raw(`GET / HTTP/1.0\r\nauthorization: Bearer ${token}\r\n\r\n`), /^HTTP\/1\.1 403/);
  assert.match(await raw(`GET / HTTP/1.1\r\nhost:\r\nconnection: close\r\n\r\n`), /^HTTP\/1\.1 40[03]/);
  assert.match(await raw(`GET http://evil.example/ HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`), /^HTTP\/1\.1 400/);
  assert.match(await raw('GET / HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\nconnection: close\r\n\r\n'), /^HTTP\/1\.1 40[03]/);
});

test('other origins', async () => {
  const others = ['http://evil.example', 'null', `http://localhost:${port}`, `https://127.0.0.1:${port}`, 'http://127.0.0.1', ''];
  for (const origin of others) assert.is((await post('/do/pause', withToken({ origin }))).status, 403, origin);
  const site = { origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-site' };
  assert.is((await post('/do/pause', withToken(site))).status, 403);
  assert.is((await post('/do/pause', withToken({ 'sec-fetch-site': 'cross-site' }))).status, 403);
  assert.equal(asked, []);
});

test('other methods', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE']) {
    const answer = await get('/', { method, ...withToken() });
    assert.is(answer.status, 405, method);
    assert.is(answer.headers['access-control-allow-origin'], undefined);
  }
  for (const method of ['GET', 'PUT', 'OPTIONS', 'HEAD'])
    assert.is((await get('/do/pause', { method, ...withToken() })).status, 405, method);
  assert.is(await raw('CONNECT evil.example:80 HTTP/1.1\r\nhost: localhost\r\n\r\n'), '');
  assert.is(await raw('GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'), '');
  assert.equal(asked, []);
});

test('nothing of the disk but the pictures of the run', async () => {
  const paths = ['/samples/../secret', '/samples/%2e%2e/secret', '/../secret', '/secret', '//secret', '/samples/1.png/', '/samples/1.PNG'];
  const more = [
    '/samples/9.png',
    '/samples/-1.png',
    '/samples/1e0.png',
    '/samples/..%2fsecret.png',
    '/samples/1.png%00',
    '/page.js/..',
    '/%',
  ];
  for (const path of [...paths, ...more]) assert.is((await get(path, withToken())).status, 404, path);
  assert.is((await get('/samples/2.png', withToken())).status, 404, 'a link to something else');
  assert.is((await get('/samples/3.png', withToken())).status, 404, 'a folder');
});

test('too much of anything', async () => {
  assert.is((await get(`/${'a'.repeat(2000)}`, withToken())).status, 414);
  assert.is((await get('/', withToken({ 'x-long': 'a'.repeat(10_000) }))).status, 431);
  assert.is((await post('/do/save', withToken(), 'a'.repeat(2000))).status, 413);
  assert.is((await post('/do/save', withToken({ 'transfer-encoding': 'chunked' }), 'a'.repeat(200_000))).status, 413);
  assert.is((await post('/do/save', withToken({ 'content-length': '99999999999' }))).status, 413);
  assert.match(await raw('nonsense\r\n\r\n'), /^HTTP\/1\.1 400/);
  assert.equal(asked, []);
  assert.is((await post('/do/save', withToken(), '{}')).status, 204);
});

test('events: the state first, then what happens; so many pages and no more', async () => {
  const { text, close } = await new Promise<{ text: () => string; close: () => void }>((resolve) => {
    let received = '';
    const sent = request({ host: '127.0.0.1', port, path: '/events', agent: false, ...withToken() }, (response) => {
      response.on('data', (chunk: Buffer) => (received += chunk.toString()));
      response.on('error', () => {});
      resolve({ text: () => received, close: () => sent.destroy() });
    });
    sent.on('error', () => {});
    sent.end();
  });
  dashboard.send('status', () => ({ ...status, step: 4 }));
  for (let tries = 0; !text().includes('"step":4') && tries < 200; tries++) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.match(text(), /^retry: 2000\nevent: state\ndata: \{"title":"pix2pix".*\n\nevent: status\ndata: \{.*"step":4.*\}\n\n$/);
  close();
});

test('a client that takes nothing is dropped, and nobody waits for it', () => {
  const clients = new EventClients();
  const made = (waiting: number) => {
    const client = { writableLength: waiting, written: 0, ended: false, writeHead: () => {}, on: () => {}, end: () => {} };
    return Object.assign(client, { write: () => void client.written++, destroy: () => void (client.ended = true) });
  };
  const [slow, quick] = [made(2 ** 21), made(0)];
  for (const client of [slow, quick]) assert.ok(clients.add(client as never, () => ({})));
  clients.send('status', {});
  clients.send('status', {});
  assert.equal([slow.written, slow.ended], [1, true]);
  assert.equal([quick.written, quick.ended], [3, false]);
  for (let more = 0; more < 7; more++) assert.ok(clients.add(made(0) as never, () => ({})));
  assert.not.ok(
    clients.add(made(0) as never, () => ({})),
    'eight are enough',
  );
  clients.close();
});

test('what a client is told first may be more than may wait for it, until it has left', () => {
  const clients = new EventClients();
  let sent = (): void => {};
  const client = { writableLength: 0, ended: false, writeHead: () => {}, on: () => {}, end: () => {}, destroy: () => {} };
  client.destroy = () => void (client.ended = true);
  const write = (chunk: Uint8Array | string, done?: () => void): void => {
    client.writableLength += chunk.length;
    if (done) sent = done;
  };
  assert.ok(clients.add(Object.assign(client, { write }) as never, () => 'x'.repeat(2 ** 21)));
  clients.send('status', {});
  clients.send('steps', 'x'.repeat(2 ** 20));
  assert.not.ok(client.ended, 'it was slow to take its first');
  sent();
  clients.send('status', {});
  assert.ok(client.ended, 'by now it should have');
  clients.close();
});

test('a port that another program has: an error for one that was named', async () => {
  const other = await listening(0);
  const { port: taken } = other.address() as { port: number };
  try {
    await Dashboard.open(taken);
    assert.unreachable();
  } catch (error) {
    assert.is((error as ShadegradError).code, 'PORT_IN_USE');
    assert.match((error as ShadegradError).message, String(taken));
  }
  other.close();
  const [first, second] = [await Dashboard.open(0), await Dashboard.open(0)];
  const ports = [first, second].map((each) => Number(new URL(each.show(run)).port));
  assert.ok(ports[0]! >= 7420 && ports[1]! > ports[0]!, String(ports));
  await Promise.all([first.close(), second.close()]);
});

test('why a server cannot listen is told by what the system says, with the flag that mends it', () => {
  const use = { title: 'The page', flag: '--port', host: '9.9.9.9' };
  for (const [said, code, ...patterns] of [
    ['EADDRNOTAVAIL', 'BAD_FLAG', /listen on 9\.9\.9\.9, which is no address of this machine/, /127\.0\.0\.1/, /--host 0\.0\.0\.0/],
    ['ENOTFOUND', 'BAD_FLAG', /nothing of that name has an address/, /received: 9\.9\.9\.9/],
    ['EAI_AGAIN', 'BAD_FLAG', /nothing of that name has an address/],
    ['EAFNOSUPPORT', 'BAD_FLAG', /no addresses of that kind/],
    ['EACCES', 'BAD_FLAG', /may not listen on port 80\n/, /from 1024 on/, /--port 8080/],
    ['EADDRINUSE', 'PORT_IN_USE', /cannot listen on port 80\n/, /name another port/],
    ['EMFILE', 'PORT_IN_USE', /received: EMFILE/],
  ] as const) {
    const error = cannotListen(said, [80], use);
    assert.is(error.code, code, said);
    for (const pattern of patterns) assert.match(error.message, pattern);
  }
  assert.match(cannotListen('EADDRINUSE', [7420, 7421, 7439], use).message, /port 7420 or any up to 7439/);
});

test('an address that is none of this machine is refused as that, and not as a port that is taken', async () => {
  const server = PageServer.open(0, {
    ...{ title: 'The site', flag: '--port', host: '203.0.113.9' },
    ...{ check: () => undefined, answer: () => undefined },
  });
  await failure('BAD_FLAG', () => server, /203\.0\.113\.9, which is no address of this machine/);
});

test.run();
