// first driver only: what is tested is the host's work
// not in browsers: it opens files and listens on ports.
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ShadegradError } from '../../../src/errors.js';
import { encodeSafetensors } from '../../../src/formats/safetensors-file.js';
import { keepQuiet } from '../../../src/node/terminal/remarks.js';
import { localFile, openWeights } from '../../../src/node/weights/read.js';
import { isRemote, publicAddress } from '../../../src/node/weights/remote/registry.js';
import { buildLibrary, failedWith, run, succeeded } from '../../harness/program.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
interface Context {
  cache: string;
  servers: Server[];
  /** Starts a server. @returns its address, and the requests that it has had */
  serve(handler: Handler): Promise<{ url: string; requests: { path: string; token: string | undefined }[]; stop(): Promise<void> }>;
}

const test = suite<Context>('weights at an address');
const kept = { ...process.env };
test.before(() => keepQuiet(true));
test.before.each((context) => {
  context.cache = mkdtempSync(join(tmpdir(), 'shadegrad-remote-'));
  process.env.XDG_CACHE_HOME = context.cache;
  for (const name of ['HF_ENDPOINT', 'HF_TOKEN', 'HF_HUB_OFFLINE']) delete process.env[name];
  context.servers = [];
  context.serve = async (handler) => {
    const requests: { path: string; token: string | undefined }[] = [];
    const server = createServer((request, response) => {
      requests.push({ path: request.url!, token: request.headers.authorization });
      handler(request, response);
    });
    context.servers.push(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const stop = async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    };
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, stop };
  };
});
test.after.each(async ({ cache, servers }) => {
  for (const server of servers) server.closeAllConnections();
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  rmSync(cache, { recursive: true, force: true });
  for (const name of ['XDG_CACHE_HOME', 'HF_ENDPOINT', 'HF_TOKEN', 'HF_HUB_OFFLINE']) {
    if (kept[name] === undefined) delete process.env[name];
    else process.env[name] = kept[name];
  }
});
test.after(() => keepQuiet(false));

/** A file of one tensor, whose number tells it from others. */
async function weights(number: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const tensor = { name: 'a', shape: [1], read: async () => Float32Array.of(number) };
  for await (const chunk of encodeSafetensors([tensor], { dtype: 'f32', metadata: {} })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const sumOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** The number of the file that is opened. */
async function numberAt(named: string): Promise<number> {
  const { file, close } = await openWeights(named);
  try {
    return (await file.tensors.get('a')!.read())[0]!;
  } finally {
    await close();
  }
}

async function fails(named: string, code: string, ...words: string[]): Promise<ShadegradError> {
  const error: unknown = await numberAt(named).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  assert.instance(error, ShadegradError);
  const failed = error as ShadegradError;
  assert.is(failed.code, code, failed.message);
  for (const word of words) assert.ok(failed.message.includes(word), `"${word}" in: ${failed.message}`);
  return failed;
}

/** Files of a folder and below, of which nothing must be half written. */
const filesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(safetensors|partial)$/.test(name))
    : [];

const NOT_FOUND: Handler = (_, response) => void response.writeHead(404).end();

test('a file is fetched once, kept with its sum, and refused when its address gives another', async ({ cache, serve }) => {
  let bytes = await weights(1);
  const { url, requests } = await serve((_, response) => response.end(bytes));
  const named = `${url}/nets/facades.safetensors`;
  assert.is(await numberAt(named), 1);
  assert.is(await numberAt(named), 1);
  assert.is(requests.length, 1);
  const [file] = filesIn(cache);
  assert.match(file!, /facades\.safetensors$/);

  // What was damaged since is fetched again.
  writeFileSync(join(cache, file!), await weights(3));
  assert.is(await numberAt(named), 1);
  assert.is(requests.length, 2);

  rmSync(join(cache, file!));
  bytes = await weights(2);
  await fails(named, 'DOWNLOAD_FAILED', 'another one than it was', sumOf(await weights(1)), 'fix:');
  assert.equal(filesIn(cache), []);
  // Whoever says what it should be, gets that.
  assert.is(await numberAt(`${named}#sha256=${sumOf(bytes)}`), 2);
  assert.is(await numberAt(named), 2);
});

test('an address is told from a path, its file is on this machine, and what may be a key in it is told nobody', async ({ serve }) => {
  for (const named of ['hf:me/nets', 'https://example.com/a.pth', 'HTTPS://example.com/a.pth', 'http://localhost/a.pth'])
    assert.ok(isRemote(named), named);
  for (const named of ['nets/a.pth', './hf:me', 'C:/nets/https', 'https.pth']) assert.not(isRemote(named), named);
  assert.is(publicAddress('https://example.com/a.pth?key=1&b=?#sha256=ab'), 'https://example.com/a.pth#sha256=ab');
  const bytes = await weights(1);
  const { url } = await serve((_, response) => response.end(bytes));
  assert.ok(readFileSync(await localFile(`${url}/a.onnx`)).equals(bytes));
  assert.is(await localFile('nets/a.onnx'), 'nets/a.onnx');
});

test('a pin is the sum that the file must have', async ({ cache, serve }) => {
  const bytes = await weights(1);
  const { url } = await serve((_, response) => response.end(bytes));
  const named = `${url}/a.safetensors`;
  await fails(`${named}#sha256=${'0'.repeat(64)}`, 'DOWNLOAD_FAILED', 'than was asked for', sumOf(bytes));
  assert.equal(filesIn(cache), []);
  await fails(`${named}#sha256=12`, 'DOWNLOAD_FAILED', '64 hexadecimal digits');
  assert.is(await numberAt(`${named}#sha256=${sumOf(bytes).toUpperCase()}`), 1);
});

test('http is for this machine alone, from the address and through redirections', async ({ serve }) => {
  await fails('http://example.com/a.safetensors', 'DOWNLOAD_FAILED', 'http://example.com', 'https://');
  await fails('http://127.0.0.1.example.com/a.safetensors', 'DOWNLOAD_FAILED', 'anybody on the way');
  await fails('https://me:secret@example.com/a.safetensors', 'DOWNLOAD_FAILED', 'password');
  const { url } = await serve((_, response) => response.writeHead(302, { location: 'http://example.com/a.safetensors' }).end());
  await fails(`${url}/a.safetensors`, 'DOWNLOAD_FAILED', 'http://example.com');
  const missing = await serve(NOT_FOUND);
  await fails(`${missing.url}/a.safetensors`, 'DOWNLOAD_FAILED', 'HTTP status 404', 'check the address');
});

test('an index has its files fetched from beside it, and from nowhere else', async ({ serve }) => {
  const places: Record<string, Buffer> = {
    '/n/m.safetensors.index.json': Buffer.from(JSON.stringify({ weight_map: { a: 'm-00001-of-00001.safetensors' } })),
    '/n/m-00001-of-00001.safetensors': await weights(4),
    '/n/bad.safetensors.index.json': Buffer.from(JSON.stringify({ weight_map: { a: '../m.safetensors' } })),
  };
  const { url, requests } = await serve((request, response) => {
    const bytes = places[request.url!];
    if (bytes) response.end(bytes);
    else NOT_FOUND(request, response);
  });
  assert.is(await numberAt(`${url}/n/m.safetensors.index.json`), 4);
  await openWeights(`${url}/n/bad.safetensors.index.json`).then(
    () => assert.unreachable(),
    () => {},
  );
  assert.not(requests.some(({ path }) => path.startsWith('/m')));
});

const COMMITS = ['a'.repeat(40), 'b'.repeat(40)] as const;

/** A server that speaks as the Hub does: a repository with a branch, whose large files come from another server. */
async function hub(context: Context, files: Record<string, Buffer>) {
  const blobs = await context.serve((request, response) => response.end(files[request.url!.slice(1)]));
  const state = { commit: COMMITS[0] as string };
  const server = await context.serve((request, response) => {
    const path = request.url!;
    if (path.startsWith('/api/models/me/nets/revision/')) {
      const revision = /revision\/([^?]+)/.exec(path)![1]!;
      if (revision !== 'main' && revision !== state.commit) {
        response.writeHead(404, { 'x-error-code': 'RevisionNotFound' }).end();
        return;
      }
      const siblings = Object.entries(files).map(([rfilename, bytes]) => ({ rfilename, lfs: { sha256: sumOf(bytes) } }));
      response.end(JSON.stringify({ sha: state.commit, siblings }));
    } else if (path.startsWith(`/me/nets/resolve/${state.commit}/`)) {
      response.writeHead(302, { location: `${blobs.url}/${path.split('/').slice(5).join('/')}` }).end();
    } else response.writeHead(401, { 'x-error-code': 'RepoNotFound' }).end();
  });
  process.env.HF_ENDPOINT = server.url;
  return { server, blobs, state };
}

test('a repository: its only file, one by its name, at a commit; the token goes to the Hub alone', async (context) => {
  const files = { 'README.md': Buffer.from('# nets'), 'model.safetensors': await weights(1), 'b/x.safetensors': await weights(2) };
  const { server, blobs, state } = await hub(context, files);
  process.env.HF_TOKEN = 'hf_secret';
  assert.is(await numberAt('hf:me/nets'), 1);
  assert.ok(server.requests.length === 2 && server.requests.every(({ token }) => token === 'Bearer hf_secret'));
  assert.equal(blobs.requests, [{ path: '/model.safetensors', token: undefined }]);
  assert.is(await numberAt('hf:me/nets@main/model.safetensors'), 1);
  assert.is(await numberAt('hf:me/nets/b/x.safetensors'), 2);
  assert.is(await numberAt('hf:me/nets/b'), 2);
  assert.is(blobs.requests.length, 2);
  // A commit never changes: nobody is asked.
  const asked = server.requests.length;
  assert.is(await numberAt(`hf:me/nets@${COMMITS[0]}`), 1);
  assert.is(server.requests.length, asked);

  [state.commit, files['model.safetensors']] = [COMMITS[1], await weights(5)];
  assert.is(await numberAt('hf:me/nets'), 5);
  assert.is(await numberAt(`hf:me/nets@${COMMITS[0]}`), 1);
});

test('what the Hub cannot give is told, and never with the token', async (context) => {
  const files = { 'model.safetensors': await weights(1), 'other.pth': Buffer.from('x') };
  const { server } = await hub(context, files);
  process.env.HF_TOKEN = 'hf_secret';
  const errors = [
    await fails('hf:me/none', 'DOWNLOAD_FAILED', 'HTTP status 401', 'HF_TOKEN may not read it'),
    await fails('hf:me/nets@v9', 'DOWNLOAD_FAILED', 'no such revision'),
    await fails('hf:me/nets', 'WEIGHTS_MISMATCH', 'several files of weights', 'hf:me/nets@aaaaaaa/model.safetensors'),
    await fails('hf:me/nets/b.safetensors', 'DATA_NOT_FOUND', 'model.safetensors, other.pth'),
    await fails('hf:nets', 'DOWNLOAD_FAILED', 'hf:ORG/NAME'),
    await fails('hf:me/nets/../x', 'DOWNLOAD_FAILED', 'hf:ORG/NAME'),
    await fails(`hf:me/nets/model.safetensors#sha256=${'0'.repeat(64)}`, 'DOWNLOAD_FAILED', 'than was asked for'),
  ];
  process.env.HF_TOKEN = 'hf_secret\nx';
  errors.push(await fails('hf:me/nets', 'DOWNLOAD_FAILED', 'HF_TOKEN is no token'));
  for (const { message } of errors) assert.not.match(message, 'hf_secret');
  delete process.env.HF_TOKEN;
  await fails('hf:me/none', 'DOWNLOAD_FAILED', 'needs a token');
  assert.equal(filesIn(context.cache), []);
  // A server that sends another file than it said.
  files['model.safetensors'] = await weights(2);
  const told = { sha: COMMITS[1], siblings: [{ rfilename: 'model.safetensors', lfs: { sha256: sumOf(await weights(1)) } }] };
  const lying = await context.serve((request, response) =>
    request.url!.startsWith('/api/') ? response.end(JSON.stringify(told)) : response.end(files['model.safetensors']),
  );
  process.env.HF_ENDPOINT = lying.url;
  await fails('hf:me/nets/model.safetensors', 'DOWNLOAD_FAILED', 'than was asked for', sumOf(await weights(2)));
  assert.equal(filesIn(context.cache), []);
  process.env.HF_ENDPOINT = 'http://hub.example.com';
  await fails('hf:me/nets', 'DOWNLOAD_FAILED', 'http://hub.example.com');
  assert.ok(server.requests.length > 0);
});

test('without a network the copy of before serves; what was never fetched is told', async (context) => {
  const { server } = await hub(context, { 'net_G_A.safetensors': await weights(1), 'net_G_B.safetensors': await weights(2) });
  const opened = await openWeights('hf:me/nets', { network: 'generator', called: 'G_B' });
  const other = await opened.beside('G_B', 'G_A');
  assert.match(readFileSync(other!).toString('latin1'), '"a"');
  assert.is(await opened.beside('G_B', 'D_A'), undefined);
  assert.is((await opened.file.tensors.get('a')!.read())[0], 2);
  await opened.close();
  await server.stop();
  assert.is(await numberAt('hf:me/nets/net_G_A.safetensors'), 1);
  process.env.HF_HUB_OFFLINE = '1';
  assert.is(await numberAt('hf:me/nets/net_G_B.safetensors'), 2);
  await fails('hf:me/other', 'DOWNLOAD_FAILED', 'not in the cache', 'HF_HUB_OFFLINE=1');
});

test('programs take addresses where they take files', async (context) => {
  buildLibrary();
  const { server } = await hub(context, { 'model.safetensors': await weights(1) });
  const env = { XDG_CACHE_HOME: context.cache, HF_ENDPOINT: server.url };
  const said = await run('shadegrad', ['inspect', 'hf:me/nets'], { env });
  assert.match(succeeded(said), 'hf:me/nets: taking its model.safetensors');
  failedWith(await run('shadegrad', ['inspect', 'hf:me/none'], { env }), 'DOWNLOAD_FAILED', /hf:me\/none@main/);
});

test.run();
