import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, gunzipSync, gzipSync } from 'node:zlib';
import { pack, type Header } from 'tar-stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream } from '../../../src/random.js';
import { ShadegradError } from '../../../src/errors.js';
import { crc32 } from '../../../src/formats/crc32.js';
import { downloadArchive, downloadFacades, downloadPublished } from '../../../src/node/files/download.js';
import { PUBLISHED_SETS } from '../../../src/node/files/published-sets.js';

type Entries = [Partial<Header> & { name: string }, Uint8Array?][];
type Handler = (request: IncomingMessage, response: ServerResponse) => void;
type Context = { folder: string; server: Server; serve(handler: Handler): string };

const test = suite<Context>('download');
test.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'shadegrad-download-'));
  let handler: Handler = (_, response) => response.end();
  context.server = createServer((request, response) => handler(request, response));
  await new Promise<void>((done) => context.server.listen(0, '127.0.0.1', done));
  context.serve = (next) => {
    handler = next;
    return `http://127.0.0.1:${(context.server.address() as AddressInfo).port}/facades.tar.gz`;
  };
});
test.after.each(async ({ folder, server }) => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  await rm(folder, { recursive: true, force: true });
});

/** A picture's worth of bytes that does not compress, so that the archive is large enough to be cut. */
const stream = new RandomStream(1);
const filler = Uint8Array.from({ length: 200_000 }, () => stream.integer(0, 255));

async function archive(entries: Entries): Promise<Buffer> {
  const tar = pack();
  for (const [headers, content] of entries) {
    if (content === undefined) tar.entry(headers);
    else tar.entry(headers, Buffer.from(content));
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks));
}

const good = () =>
  archive([
    [{ name: 'facades/', type: 'directory' }],
    [{ name: 'facades/train/1.jpg' }, filler],
    [{ name: './facades/val/1.jpg' }, Uint8Array.of(1, 2, 3)],
  ]);

const send =
  (bytes: Buffer, headers: Record<string, string> = {}): Handler =>
  (_, response) => {
    response.writeHead(200, { 'content-length': String(bytes.length), ...headers }).end(bytes);
  };

async function fails(work: Promise<unknown>, folder: string, ...words: string[]): Promise<void> {
  let caught: unknown;
  await work.catch((error) => (caught = error));
  assert.instance(caught, ShadegradError);
  assert.is((caught as ShadegradError).code, 'DOWNLOAD_FAILED');
  for (const word of [...words, 'fix:']) assert.ok((caught as Error).message.includes(word), `"${word}" in: ${(caught as Error).message}`);
  assert.equal(await readdir(folder), [], 'nothing is left behind');
}

const quick = { attempts: 3, retryDelay: 1 };

/** A zip archive, deflated where that is shorter; `wrong` writes another checksum for the last file. */
function zip(entries: readonly (readonly [name: string, content: Uint8Array])[], { wrong = false, method = -1 } = {}): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  entries.forEach(([name, content], index) => {
    const deflated = deflateRawSync(content);
    const stored = deflated.length >= content.length;
    const data = stored ? content : deflated;
    const head = Buffer.alloc(26);
    head.writeUInt16LE(20, 0);
    head.writeUInt16LE(method >= 0 ? method : stored ? 0 : 8, 4);
    head.writeUInt32LE(wrong && index === entries.length - 1 ? 1 : crc32(content), 10);
    head.writeUInt32LE(data.length, 14);
    head.writeUInt32LE(content.length, 18);
    head.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), head, Buffer.from(name), data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\0'), head, tail, Buffer.from(name)]));
    files.push(local);
    offset += local.length;
  });
  const end = Buffer.alloc(18);
  const listed = Buffer.concat(directory);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(listed.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...files, listed, Buffer.from('PK\x05\x06'), end]);
}

test('fetches, unpacks, reports progress; a second call needs no server', async ({ folder, serve }) => {
  const bytes = await good();
  let requests = 0;
  const url = serve((request, response) => {
    requests++;
    send(bytes)(request, response);
  });
  const seen: [number, number][] = [];
  const directory = await downloadFacades({
    url,
    directory: join(folder, 'data', 'facades'),
    onProgress: (done, total) => seen.push([done, total]),
  });
  assert.is(directory, join(folder, 'data', 'facades'));
  assert.equal(new Uint8Array(await readFile(join(directory, 'train', '1.jpg'))), filler);
  assert.equal([...(await readFile(join(directory, 'val', '1.jpg')))], [1, 2, 3]);
  assert.equal(await readdir(join(folder, 'data')), ['facades']);
  assert.equal(seen.at(-1), [bytes.length, bytes.length]);
  await downloadFacades({ url, directory });
  assert.is(requests, 1);
});

test('an empty folder is filled, another one is left alone', async ({ folder, serve }) => {
  const url = serve(send(await good()));
  await mkdir(join(folder, 'empty'));
  await downloadFacades({ url, directory: join(folder, 'empty') });
  assert.equal((await readdir(join(folder, 'empty'))).sort(), ['train', 'val']);
  await rm(join(folder, 'empty'), { recursive: true });
  const taken = join(folder, 'taken');
  await mkdir(taken);
  await writeFile(join(taken, 'thesis.txt'), 'mine');
  let message = '';
  await downloadFacades({ url, directory: taken }).catch((error) => (message = error.message));
  assert.match(message, 'already holds something else');
  assert.equal(await readdir(taken), ['thesis.txt']);
});

test('404, a page instead of the archive, and no server at all', async ({ folder, serve, server }) => {
  const directory = join(folder, 'facades');
  let requests = 0;
  await fails(
    downloadFacades({ url: serve((_, response) => (requests++, response.writeHead(404).end('gone'))), directory, ...quick }),
    folder,
    '404',
    'moved',
  );
  assert.is(requests, 1, 'a 404 is not tried again');
  await fails(
    downloadFacades({ url: serve(send(Buffer.from('<html>login</html>'), { 'content-type': 'text/html' })), directory, ...quick }),
    folder,
    'text/html',
    'no archive',
  );
  await fails(
    downloadFacades({ url: serve((_, response) => response.writeHead(503).end()), directory, ...quick }),
    folder,
    '503',
    '3 attempts',
  );
  const url = serve(() => undefined);
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  await fails(downloadFacades({ url, directory, ...quick }), folder, 'ECONNREFUSED');
});

test('a connection that always breaks off is given up on', async ({ folder, serve }) => {
  const bytes = await good();
  const url = serve((_, response) => {
    response.writeHead(200, { 'content-length': String(bytes.length) });
    response.write(bytes.subarray(0, 1000), () => response.destroy());
  });
  await fails(downloadFacades({ url, directory: join(folder, 'facades'), ...quick }), folder, '3 attempts');
});

test('a broken connection is taken up where it broke off', async ({ folder, serve }) => {
  const bytes = await good();
  const etag = `"${createHash('sha1').update(bytes).digest('hex')}"`;
  const ranges: (string | undefined)[] = [];
  const SENT = 60_000;
  let breakOff = { at: Infinity, now: () => {} };
  const url = serve((request, response) => {
    ranges.push(request.headers.range);
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (from > 0) assert.is(request.headers['if-range'], etag);
    const rest = bytes.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, {
      'accept-ranges': 'bytes',
      etag,
      'content-length': String(rest.length),
      ...(from > 0 ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
    });
    breakOff = { at: ranges.length < 3 ? from + SENT : Infinity, now: () => response.destroy() };
    if (ranges.length < 3) response.write(rest.subarray(0, SENT));
    else response.end(rest);
  });
  const seen: number[] = [];
  // What a connection carried when it broke may be lost with it: it breaks when all of that has arrived.
  const onProgress = (done: number): void => {
    seen.push(done);
    if (done >= breakOff.at) breakOff.now();
  };
  const directory = await downloadFacades({ url, directory: join(folder, 'facades'), onProgress, ...quick });
  assert.equal(new Uint8Array(await readFile(join(directory, 'train', '1.jpg'))), filler);
  assert.equal(ranges, [undefined, `bytes=${SENT}-`, `bytes=${2 * SENT}-`]);
  assert.ok(
    seen.every((done, i) => i === 0 || done > seen[i - 1]!),
    'progress never goes back',
  );
});

test('without ranges the next try starts over', async ({ folder, serve }) => {
  const bytes = await good();
  let requests = 0;
  const url = serve((request, response) => {
    requests++;
    assert.is(request.headers.range, undefined);
    if (requests > 1) return send(bytes)(request, response);
    response.writeHead(200, { 'content-length': String(bytes.length) });
    response.write(bytes.subarray(0, 60_000), () => setTimeout(() => response.destroy(), 20));
  });
  const directory = await downloadFacades({ url, directory: join(folder, 'facades'), ...quick });
  assert.equal(new Uint8Array(await readFile(join(directory, 'train', '1.jpg'))), filler);
  assert.is(requests, 2);
});

test('an archive cut short without a stated length, or with damaged bytes', async ({ folder, serve }) => {
  const bytes = await good();
  const directory = join(folder, 'facades');
  const chunked = serve((_, response) => response.writeHead(200).end(bytes.subarray(0, bytes.length - 5000)));
  await fails(downloadFacades({ url: chunked, directory, ...quick }), folder, 'damaged');
  const flipped = Buffer.from(bytes);
  flipped.fill(0x55, 50_000, 50_100);
  await fails(downloadFacades({ url: serve(send(flipped)), directory, ...quick }), folder, 'damaged');
});

test('entries that point outside, and links, are refused', async ({ folder, serve }) => {
  const directory = join(folder, 'inner', 'facades');
  const evil: Entries = [
    [{ name: '../../escaped.txt' }, Uint8Array.of(1)],
    [{ name: '/tmp/shadegrad-escaped.txt' }, Uint8Array.of(1)],
    [{ name: 'facades/..\\..\\escaped.txt' }, Uint8Array.of(1)],
    [{ name: 'facades/link', type: 'symlink', linkname: '/etc' }],
  ];
  for (const entry of evil) {
    const url = serve(send(await archive([[{ name: 'facades/train/1.jpg' }, Uint8Array.of(1)], entry])));
    await fails(downloadArchive({ url, directory, ...quick }), join(folder, 'inner'), 'not to be trusted');
    assert.equal(await readdir(folder), ['inner']);
  }
});

test('a zip of two sets is unpacked, whatever macOS has put beside them', async ({ folder, serve }) => {
  const empty = new Uint8Array();
  const bytes = zip([
    ['horses/', empty],
    ['horses/trainA/', empty],
    ['horses/trainA/1.jpg', filler],
    ['horses/trainB/1.txt', Buffer.from('again '.repeat(50_000))],
    ['horses/trainB/2.txt', empty],
    ['__MACOSX/horses/trainA/._1.jpg', Uint8Array.of(1)],
  ]);
  const directory = join(folder, 'horses');
  const notes: string[] = [];
  const set = PUBLISHED_SETS['cyclegan-horse2zebra'];
  await downloadPublished(set, { url: serve(send(bytes)), directory, onNote: (note) => notes.push(note), ...quick });
  assert.equal((await readdir(directory)).sort(), ['trainA', 'trainB']);
  assert.equal(new Uint8Array(await readFile(join(directory, 'trainA', '1.jpg'))), filler);
  assert.is(await readFile(join(directory, 'trainB', '1.txt'), 'utf8'), 'again '.repeat(50_000));
  assert.is((await readFile(join(directory, 'trainB', '2.txt'))).length, 0);
  assert.equal(await readdir(folder), ['horses']);
});

test('a zip that is damaged, points outside or unpacks to too much leaves nothing', async ({ folder, serve }) => {
  const directory = join(folder, 'inner', 'horses');
  const unpacked = { bytes: 2 ** 20, entries: 3 };
  const one = ['h/trainA/1.jpg', filler] as const;
  const cases: [bytes: Buffer, word: string][] = [
    [zip([one]).subarray(0, 150_000), 'damaged'],
    [zip([one], { wrong: true }), 'another checksum'],
    [zip([one], { method: 12 }), 'unknown way (12)'],
    [zip([one, ['../../escaped.txt', Uint8Array.of(1)]]), 'not to be trusted'],
    [zip([one, ['/tmp/shadegrad-escaped.txt', Uint8Array.of(1)]]), 'not to be trusted'],
    [zip([one, ['h/..\\..\\escaped.txt', Uint8Array.of(1)]]), 'not to be trusted'],
    [zip([one, ['h/trainA/bomb', new Uint8Array(32 * 2 ** 20)]]), 'at most 1.0 MiB'],
    [zip([one, ...[2, 3, 4].map((index) => [`h/trainA/${index}`, Uint8Array.of(1)] as const)]), 'at most 3 files'],
    [zip([['h/other/1.jpg', filler]]), 'trainA'],
  ];
  for (const [bytes, word] of cases) {
    const url = serve(send(bytes));
    const work = downloadArchive({ url, directory, unpacked, expectedFolders: ['trainA'], ...quick });
    await fails(work, join(folder, 'inner'), word);
    assert.equal(await readdir(folder), ['inner']);
  }
});

test('a disk without room for the archive and its pictures is refused before anything is fetched', async ({ folder, serve }) => {
  const bytes = await good();
  let caught: ShadegradError | undefined;
  const asked: string[] = [];
  const work = (free: number): Promise<unknown> =>
    downloadFacades({
      url: serve(send(bytes)),
      directory: join(folder, 'facades'),
      freeBytes: async (of) => (asked.push(of), free),
      onProgress: () => free < 2 * bytes.length && assert.unreachable('bytes were fetched'),
      ...quick,
    });
  await work(2 * bytes.length - 1).catch((error) => (caught = error));
  assert.is(caught?.code, 'WRITE_FAILED');
  assert.match(caught!.message, /too little room/);
  assert.equal(await readdir(folder), []);
  await work(2 * bytes.length);
  assert.equal(asked, [folder, folder]);
});

test('every published set is fetched over https, under a name of its own', () => {
  const sets = Object.values(PUBLISHED_SETS);
  assert.is(new Set(sets.map(({ url }) => url)).size, sets.length);
  for (const { name, url, folders } of sets) {
    assert.match(url, /^https:\/\/[\w.]+\/[\w/~]+\.(tar\.gz|zip)$/);
    assert.ok(Object.hasOwn(PUBLISHED_SETS, name) && folders.length === 2);
  }
});

test('an archive of something else is refused', async ({ folder, serve }) => {
  const url = serve(send(await archive([[{ name: 'shoes/a.txt' }, Uint8Array.of(1)]])));
  await fails(downloadFacades({ url, directory: join(folder, 'facades'), ...quick }), folder, 'train, val', 'a.txt');
});

test('an archive that unpacks to more than is allowed, in bytes or in entries, is refused as soon as that shows', async ({
  folder,
  serve,
}) => {
  const directory = join(folder, 'facades');
  // 32 MB of zeros in 32 kB.
  const bomb = serve(
    send(
      await archive([
        [{ name: 'facades/train/1.jpg' }, new Uint8Array(32 * 2 ** 20)],
        [{ name: 'facades/val/1.jpg' }, new Uint8Array(1)],
      ]),
    ),
  );
  await fails(
    downloadFacades({ url: bomb, directory, unpacked: { bytes: 2 ** 20, entries: 10 }, ...quick }),
    folder,
    'at most 1.0 MiB',
    'by hand',
  );
  const pieces = serve(
    send(await archive(Array.from({ length: 3 }, (_, index) => [{ name: `facades/train/${index}.jpg` }, new Uint8Array(400_000)]))),
  );
  await fails(downloadFacades({ url: pieces, directory, unpacked: { bytes: 2 ** 20, entries: 10 }, ...quick }), folder, 'unpacks to more');
  const many = serve(
    send(await archive(Array.from({ length: 11 }, (_, index) => [{ name: `facades/train/${index}/`, type: 'directory' }]))),
  );
  await fails(downloadFacades({ url: many, directory, unpacked: { bytes: 2 ** 20, entries: 10 }, ...quick }), folder, 'at most 10 files');
  const bytes = await good();
  await fails(downloadFacades({ url: serve(send(bytes)), directory, mostBytes: 1000, ...quick }), folder, 'more than');
  await fails(
    downloadFacades({ url: serve((_, response) => response.writeHead(200).end(bytes)), directory, mostBytes: 1000, ...quick }),
    folder,
    'more than',
  );
});

/** A header of tar beside an entry: pax ('x', 'g') or a long name of GNU ('L'), with its content. */
function aside(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(512);
  head.write('long');
  head.write(content.length.toString(8).padStart(11, '0'), 124);
  head.write('        ', 148);
  head.write(type, 156);
  head.write('ustar  \0', 257);
  head.write(
    head
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0') + '\0 ',
    148,
  );
  return Buffer.concat([head, content, Buffer.alloc(-content.length & 511)]);
}

test('headers that stand beside entries count as entries, and their bytes', async ({ folder, serve }) => {
  const directory = join(folder, 'facades');
  const plain = gunzipSync(await good());
  const comment = (bytes: number): Buffer => Buffer.from(`${String(bytes).padStart(8, '0')} comment=`.padEnd(bytes - 1, 'a') + '\n');
  const cases: [headers: Buffer[], word: string][] = [
    [Array.from({ length: 11 }, () => aside('L', Buffer.from('train/long.jpg\0'))), 'at most 10 files'],
    [Array.from({ length: 11 }, () => aside('g', comment(20))), 'at most 10 files'],
    [Array.from({ length: 5 }, () => aside('x', comment(300_000))), 'at most 1.0 MiB in all'],
    [[aside('K', Buffer.alloc(2 ** 20 + 1, 97))], 'headers of at most 1.0 MiB'],
    [[Buffer.alloc(2 ** 20 + 512)], 'at most 1.0 MiB in all'],
  ];
  for (const [headers, word] of cases) {
    const url = serve(send(gzipSync(Buffer.concat([...headers, plain]))));
    await fails(downloadArchive({ url, directory, unpacked: { bytes: 2 ** 20, entries: 10 }, ...quick }), folder, word);
  }
  // A few are as they should be, also where one says how large the entry is that follows.
  const sized = Buffer.from(plain);
  const at = 512;
  sized.write(''.padStart(11, '0'), at + 124);
  sized.write('        ', at + 148);
  const sum = sized.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
  sized.write(sum.toString(8).padStart(6, '0') + '\0 ', at + 148);
  const pax = aside('x', Buffer.from(`15 size=${filler.length}\n`));
  const bytes = gzipSync(Buffer.concat([sized.subarray(0, at), pax, sized.subarray(at)]));
  await downloadArchive({ url: serve(send(bytes)), directory, unpacked: { bytes: 2 ** 20, entries: 5 }, ...quick });
  assert.equal(new Uint8Array(await readFile(join(directory, 'train', '1.jpg'))), filler);
});

test('an address that is not encrypted is told, unless it is this machine or a sum says what comes', async ({ folder }) => {
  const bytes = await good();
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const notes: string[] = [];
  const fetched = async (url: string, options: { sha256?: string } = {}): Promise<number> => {
    notes.length = 0;
    const directory = join(folder, 'facades');
    await rm(directory, { recursive: true, force: true });
    const fetch = async (): Promise<Response> => new Response(new Uint8Array(bytes));
    await downloadArchive({ url, directory, fetch, onNote: (note) => notes.push(note), ...options, ...quick });
    return notes.length;
  };
  assert.is(await fetched('http://example.org/a.tar.gz'), 1);
  assert.match(notes[0]!, `not encrypted: anybody on the way could have changed the archive. Its SHA-256 is ${sha256}`);
  assert.is(await fetched('http://127.example.org/a.tar.gz'), 1);
  for (const host of ['https://example.org', 'http://localhost:8000', 'http://127.0.0.1', 'http://[::1]']) {
    assert.is(await fetched(`${host}/a.tar.gz`), 0, host);
  }
  assert.is(await fetched('http://example.org/a.tar.gz', { sha256: sha256.toUpperCase() }), 0);
  // Of a folder that is there nothing is fetched that the sum could be compared with.
  await downloadArchive({ url: 'https://a.b/', directory: join(folder, 'facades'), sha256, onNote: (note) => notes.push(note) });
  assert.match(notes.join(), 'there already and used as it is');
  let message = '';
  await downloadArchive({ url: 'https://a.b/', directory: join(folder, 'b'), sha256: 'abc' }).catch((error) => (message = error.message));
  assert.match(message, '64 hexadecimal digits');
});

test('an address that cannot be right is refused at once', async ({ folder }) => {
  const directory = join(folder, 'facades');
  for (const url of ['facades.tar.gz', 'ftp://example.org/facades.tar.gz', 'file:///etc/passwd', 'http://', '']) {
    const none = (): Promise<Response> => assert.unreachable('was asked for') as never;
    await fails(downloadFacades({ url, directory, fetch: none }), folder, 'https://');
  }
  let requests = 0;
  for (const code of ['ENOTFOUND', 'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_TLS_CERT_ALTNAME_INVALID']) {
    const failing = async (): Promise<Response> => {
      requests++;
      throw new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
    };
    await fails(downloadFacades({ url: 'https://nowhere.invalid/a.tar.gz', directory, fetch: failing }), folder, code, 'check the address');
  }
  assert.is(requests, 4);
});

test('redirections are followed, but not from https to http, to other schemes, or for ever', async ({ folder, serve }) => {
  const directory = join(folder, 'facades');
  const bytes = await good();
  const url = serve((request, response) => {
    if (request.url === '/moved.tar.gz') send(bytes)(request, response);
    else response.writeHead(302, { location: '/moved.tar.gz' }).end();
  });
  await downloadFacades({ url, directory, ...quick });
  await rm(directory, { recursive: true });
  for (const [location, word] of [
    ['http://example.org/a.tar.gz', 'anybody on the way'],
    ['file:///etc/passwd', 'file:'],
    ['/again', '10 redirections'],
  ] as const) {
    const asked: string[] = [];
    const redirecting = async (at: string | URL | Request): Promise<Response> => {
      asked.push(String(at));
      return new Response(null, { status: 301, headers: { location } });
    };
    await fails(downloadFacades({ url: 'https://example.org/facades.tar.gz', directory, fetch: redirecting }), folder, word);
    assert.ok(
      asked.every((at) => at.startsWith('https:')),
      asked.join(' '),
    );
  }
});

test('another archive than the one that is asked for, or than the address gave before, is refused', async ({ folder, serve }) => {
  const [directory, record] = [join(folder, 'facades'), join(folder, 'cache', 'downloads.json')];
  const bytes = await good();
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const url = serve(send(bytes));
  await fails(downloadFacades({ url, directory, sha256: 'f'.repeat(64), ...quick }), folder, sha256);
  const notes: string[] = [];
  const again = async (): Promise<string> => {
    await rm(directory, { recursive: true, force: true });
    return downloadFacades({ url, directory, sha256, record, onNote: (note) => notes.push(note), ...quick });
  };
  await again();
  await again();
  assert.is(notes.length, 1);
  assert.match(notes[0]!, sha256);
  await rm(directory, { recursive: true });
  await writeFile(record, (await readFile(record, 'utf8')).replace(sha256, '0'.repeat(64)));
  let message = '';
  await downloadFacades({ url, directory, record, ...quick }).catch((error) => (message = error.message));
  assert.match(message, /another one than it was/);
  assert.match(message, record);
  assert.equal(await readdir(folder), ['cache']);
});

test('a server that falls silent counts as lost; a signal stops everything', async ({ folder, serve }) => {
  const bytes = await good();
  const url = serve((_, response) => {
    response.writeHead(200, { 'content-length': String(bytes.length) });
    response.write(bytes.subarray(0, 1000));
  });
  const directory = join(folder, 'facades');
  await fails(downloadFacades({ url, directory, attempts: 2, retryDelay: 1, stallTimeout: 60 }), folder, 'nothing came');
  const controller = new AbortController();
  let caught: unknown;
  await downloadFacades({
    url,
    directory,
    signal: controller.signal,
    onProgress: () => controller.abort(new Error('enough')),
  }).catch((error) => (caught = error));
  assert.is((caught as Error).message, 'enough');
  assert.equal(await readdir(folder), []);
});

test.run();
