import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '../../src/formats/byte-source.js';
import { crc32 } from '../../src/formats/crc32.js';
import { openPyTorch } from '../../src/formats/pytorch-file.js';
import { readZipDirectory } from '../../src/formats/zip-read.js';
import { encodeZip, type ZipRecord } from '../../src/formats/zip-write.js';
import { ShadegradError } from '../../src/errors.js';
import { archiveOf, littleEndian, ops, pickleOf, zipOf } from '../harness/pytorch-golden.js';
import { collect } from '../harness/weights.js';

const utf8 = new TextEncoder();

interface Entry {
  readonly name: string;
  readonly data: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  /** What the directory says, if it is not the truth. */
  readonly claimed?: { size?: number; stored?: number; offset?: number; crc?: number; extra?: Uint8Array };
  /** What the local header says, if it is not the truth. */
  readonly local?: { name?: string; size?: number; method?: number; extra?: Uint8Array };
}

interface End {
  readonly entries?: number;
  readonly bytes?: number;
  readonly start?: number;
  readonly disk?: number;
  readonly comment?: string;
  readonly before?: Uint8Array;
}

/** An archive made by hand, field by field, in which every field can be wrong. */
function archive(entries: readonly Entry[], { comment = '', before = new Uint8Array(0), ...end }: End = {}): Uint8Array {
  const locals: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let position = 0;
  for (const { name, data, method = 0, flags = 0, claimed = {}, local = {} } of entries) {
    const localExtra = local.extra ?? ops();
    const localName = utf8.encode(local.name ?? name);
    const size = local.size ?? data.length;
    const bytes = ops(
      'PK\x03\x04',
      littleEndian(20, 2),
      littleEndian(flags, 2),
      littleEndian(local.method ?? method, 2),
      littleEndian(0, 4),
      littleEndian(crc32(data), 4),
      littleEndian(size, 4),
      littleEndian(size, 4),
      littleEndian(localName.length, 2),
      littleEndian(localExtra.length, 2),
      localName,
      localExtra,
      data,
    );
    const extra = claimed.extra ?? ops();
    const encoded = utf8.encode(name);
    central.push(
      ops(
        'PK\x01\x02',
        littleEndian(20, 2),
        littleEndian(20, 2),
        littleEndian(flags, 2),
        littleEndian(method, 2),
        littleEndian(0, 4),
        littleEndian(claimed.crc ?? crc32(data), 4),
        littleEndian(claimed.stored ?? claimed.size ?? data.length, 4),
        littleEndian(claimed.size ?? data.length, 4),
        littleEndian(encoded.length, 2),
        littleEndian(extra.length, 2),
        littleEndian(0, 2),
        littleEndian(0, 4),
        littleEndian(0, 4),
        littleEndian(claimed.offset ?? position, 4),
        encoded,
        extra,
      ),
    );
    locals.push(bytes);
    position += bytes.length;
  }
  const directory = ops(...central);
  return ops(
    ...locals,
    directory,
    before,
    'PK\x05\x06',
    littleEndian(end.disk ?? 0, 2),
    littleEndian(0, 2),
    littleEndian(end.entries ?? entries.length, 2),
    littleEndian(end.entries ?? entries.length, 2),
    littleEndian(end.bytes ?? directory.length, 4),
    littleEndian(end.start ?? position, 4),
    littleEndian(comment.length, 2),
    comment,
  );
}

const entry = (name: string, data: string, rest: Omit<Entry, 'name' | 'data'> = {}): Entry => ({ name, data: utf8.encode(data), ...rest });

async function refuses(what: string, bytes: Uint8Array, code: string, reason: RegExp): Promise<void> {
  let caught: unknown;
  await readZipDirectory(bytesSource(bytes)).then(
    () => (caught = 'it was read'),
    (error) => (caught = error),
  );
  assert.instance(caught, ShadegradError, `${what}: ${String(caught)}`);
  assert.is((caught as ShadegradError).code, code, `${what}: ${(caught as Error).message}`);
  assert.match((caught as Error).message, reason, what);
}

async function contents(bytes: Uint8Array): Promise<[string, string][]> {
  const entries = await readZipDirectory(bytesSource(bytes));
  return [...entries.values()].map(({ name, start, size }) => [name, new TextDecoder().decode(bytes.subarray(start, start + size))]);
}

const A = entry('a', 'first');
const B = entry('b/c', 'second');

test('an archive is read by its directory: in its order, with a comment, with what the directory leaves out', async () => {
  assert.equal(await contents(archive([A, B])), [
    ['a', 'first'],
    ['b/c', 'second'],
  ]);
  assert.equal(await contents(archive([A, B], { comment: 'PK\x05\x06 is no end here' })), [
    ['a', 'first'],
    ['b/c', 'second'],
  ]);
  assert.equal(await contents(archive([])), []);
  assert.equal(
    await contents(archive([entry('a', 'x', { local: { size: 0 }, flags: 8 }), B])),
    [
      ['a', 'x'],
      ['b/c', 'second'],
    ],
    'sizes after the data',
  );
  const [first] = (await readZipDirectory(bytesSource(archive([A])))).values();
  assert.equal([first?.crc, first?.method], [crc32(utf8.encode('first')), 0]);
});

test('sizes and offsets of 64 bits come from the extra field, each that does not fit', async () => {
  const large = 0xffff_ffff;
  const both = ops(
    littleEndian(0x9999, 2),
    littleEndian(1, 2),
    7,
    littleEndian(1, 2),
    littleEndian(16, 2),
    littleEndian(5, 8),
    littleEndian(5, 8),
  );
  assert.equal(await contents(archive([entry('a', 'first', { claimed: { size: large, extra: both }, local: { size: large } }), B])), [
    ['a', 'first'],
    ['b/c', 'second'],
  ]);
  const offset = ops(littleEndian(1, 2), littleEndian(8, 2), littleEndian(36, 8));
  assert.equal(await contents(archive([A, entry('b', 'x', { claimed: { offset: large, extra: offset } })])), [
    ['a', 'first'],
    ['b', 'x'],
  ]);
  await refuses('no extra field', archive([entry('a', 'first', { claimed: { size: large } })]), 'WEIGHTS_CORRUPT', /entry "a"/);
  await refuses(
    'a short one',
    archive([entry('a', 'first', { claimed: { size: large, extra: ops(littleEndian(1, 2), littleEndian(8, 2), littleEndian(5, 8)) } })]),
    'WEIGHTS_CORRUPT',
    /entry "a"/,
  );
  await refuses(
    'one past 2^53',
    archive([
      entry('a', 'first', {
        claimed: {
          size: large,
          extra: ops(littleEndian(1, 2), littleEndian(16, 2), littleEndian(2n ** 63n, 8), littleEndian(2n ** 63n, 8)),
        },
      }),
    ]),
    'WEIGHTS_CORRUPT',
    /entry "a"/,
  );
});

test('entries that share bytes, as those of zip bombs do, are refused', async () => {
  await refuses(
    'the same bytes',
    archive([A, entry('a2', 'first', { claimed: { offset: 0 } })]),
    'WEIGHTS_CORRUPT',
    /overlaps|agrees with the directory/,
  );
  await refuses(
    'the same local header',
    archive([entry('a', 'x', { local: { name: 'b' } }), entry('b', 'y', { claimed: { offset: 0 } })]),
    'WEIGHTS_CORRUPT',
    /agrees with the directory/,
  );
  // The first entry's bytes contain the second's header and bytes.
  const inner = archive([entry('in', 'inner')]).subarray(0, 30 + 2 + 5);
  await refuses(
    'one in another',
    archive([{ name: 'out', data: inner }, entry('in', '', { claimed: { offset: 33, size: 5, crc: 0 } })]),
    'WEIGHTS_CORRUPT',
    /overlaps/,
  );
  await refuses(
    'bytes of the directory',
    archive([entry('a', 'first', { claimed: { size: 60 }, local: { size: 60 } })]),
    'WEIGHTS_CORRUPT',
    /past byte 36/,
  );
});

test('headers that disagree, names twice, other kinds of entries and other ends are refused', async () => {
  const cases: [string, Uint8Array, string, RegExp][] = [
    ['a name twice', archive([A, A]), 'WEIGHTS_CORRUPT', /there twice/],
    ['another name', archive([entry('a', 'x', { local: { name: 'b' } })]), 'WEIGHTS_CORRUPT', /agrees with the directory/],
    ['a longer name', archive([entry('a', 'x', { local: { name: 'ab' } })]), 'WEIGHTS_CORRUPT', /agrees with the directory/],
    ['another size', archive([entry('a', 'xy', { claimed: { size: 1 } })]), 'WEIGHTS_CORRUPT', /2 bytes where the directory says 1/],
    ['another method', archive([entry('a', 'xy', { local: { method: 8 } })]), 'WEIGHTS_CORRUPT', /agrees with the directory/],
    ['a size that is not stored', archive([entry('a', 'xy', { claimed: { size: 1000, stored: 2 } })]), 'WEIGHTS_CORRUPT', /2 for 1000/],
    ['an encrypted entry', archive([entry('a', 'xy', { flags: 1 })]), 'WEIGHTS_UNSUPPORTED', /encrypted/],
    ['an offset past the end', archive([entry('a', 'xy', { claimed: { offset: 4000 } })]), 'WEIGHTS_CORRUPT', /starts at byte 4000/],
    ['a part of an archive', archive([A], { disk: 1 }), 'WEIGHTS_UNSUPPORTED', /several parts/],
    ['too few entries', archive([A, B], { entries: 1 }), 'WEIGHTS_CORRUPT', /more in it/],
    ['too many entries', archive([A, B], { entries: 3 }), 'WEIGHTS_CORRUPT', /directory/],
    ['a directory elsewhere', archive([A], { start: 0 }), 'WEIGHTS_CORRUPT', /not where it should be/],
    ['a directory that wraps', archive([A], { bytes: 0xffff_fff0, start: 0x7fff_ffff }), 'WEIGHTS_CORRUPT', /not where it should be/],
    ['no records of a large archive', archive([A], { entries: 0xffff }), 'WEIGHTS_CORRUPT', /end of the archive/],
    [
      'other records of a large archive',
      archive([A], { entries: 0xffff, before: new Uint8Array(76) }),
      'WEIGHTS_CORRUPT',
      /end of the archive/,
    ],
    [
      'a locator to nowhere',
      archive([A], { before: ops(new Uint8Array(56), 'PK\x06\x07', littleEndian(0, 4), littleEndian(2n ** 63n, 8), littleEndian(1, 4)) }),
      'WEIGHTS_CORRUPT',
      /end of the archive/,
    ],
    [
      'a locator to itself',
      archive([A], { before: ops(new Uint8Array(56), 'PK\x06\x07', littleEndian(0, 4), littleEndian(139, 8), littleEndian(1, 4)) }),
      'WEIGHTS_CORRUPT',
      /end of the archive/,
    ],
    ['a comment that is cut', archive([A], { comment: 'long' }).slice(0, -1), 'WEIGHTS_CORRUPT', /no end/],
    ['nothing', new Uint8Array(0), 'WEIGHTS_CORRUPT', /no end/],
    ['zeros', new Uint8Array(100_000), 'WEIGHTS_CORRUPT', /no end/],
  ];
  for (const [what, bytes, code, reason] of cases) await refuses(what, bytes, code, reason);
  const noUtf8 = archive([A]);
  for (const at of [30, 36 + 46]) noUtf8[at] = 0xff;
  await refuses('a name in no UTF-8', noUtf8, 'WEIGHTS_CORRUPT', /UTF-8/);
});

test('a directory of millions of entries is refused before it is read', async () => {
  const count = 1_000_000;
  const end = 22 + 20 + 56;
  const bytes = new Uint8Array(46 * count + end);
  bytes.set(
    ops(
      'PK\x06\x06',
      littleEndian(44, 8),
      littleEndian(0, 12),
      littleEndian(count, 8),
      littleEndian(count, 8),
      littleEndian(46 * count, 8),
      littleEndian(0, 8),
      'PK\x06\x07',
      littleEndian(0, 4),
      littleEndian(46 * count, 8),
      littleEndian(1, 4),
      'PK\x05\x06',
      littleEndian(0, 4),
      littleEndian(0xffff_ffff, 4),
      littleEndian(0xffff_ffff, 4),
      littleEndian(0xffff_ffff, 4),
      0,
      0,
    ),
    46 * count,
  );
  await refuses('a million', bytes, 'WEIGHTS_UNSUPPORTED', /too many entries/);
});

test('compressed entries are listed, and no checkpoint', async () => {
  const pickle = pickleOf((writer) => writer.none());
  const compressed = archive([entry('a/data.pkl', 'deflated', { method: 8, claimed: { size: 1000, stored: 8 } }), entry('a/version', '3')]);
  assert.equal(
    [...(await readZipDirectory(bytesSource(compressed))).values()].map(({ method, size }) => [method, size]),
    [
      [8, 8],
      [0, 1],
    ],
  );
  const message = await openPyTorch(bytesSource(compressed)).catch((error: Error) => error.message);
  assert.match(String(message), /"a\/data\.pkl" is compressed/);
  const value = async (bytes: Uint8Array): Promise<unknown> => (await openPyTorch(bytesSource(bytes))).value;
  assert.is(await value(archive([{ name: 'a/data.pkl', data: pickle }, entry('a/version', '3')])), null);
  assert.is(await value(archive([{ name: 'a/data.pkl', data: pickle, claimed: { crc: 0 } }, entry('a/version', '3')])), null, 'no CRC');
  assert.match(
    String(
      await value(archive([{ name: 'a/data.pkl', data: pickle, claimed: { crc: 1 } }, entry('a/version', '3')])).catch(
        (error: Error) => error.message,
      ),
    ),
    /is damaged/,
  );
});

test('many folders cost no more than so many entries', async () => {
  const pickle = pickleOf((writer) => writer.none());
  const bytes = await zipOf(
    ['a/data.pkl', pickle],
    ['a/version', '3'],
    ...Array.from({ length: 30_000 }, (_, i): [string, string] => [`${i}/x`, '']),
  );
  assert.is((await openPyTorch(bytesSource(bytes))).value, null);
});

const records: [string, string][] = [
  ['a', ''],
  ['folder/b', 'x'.repeat(63)],
  ['folder/c', 'y'.repeat(65)],
  ['d\u00e9', 'z'.repeat(64)],
  ['e', 'last'],
];

test('what is written is read again, every record at a multiple of 64, whatever its size', async () => {
  async function* given(): AsyncGenerator<ZipRecord> {
    for (const [name, data] of records) yield { name, bytes: utf8.encode(data) };
  }
  for (const zip64From of [undefined, 0, 1, 64, 65, 200]) {
    const bytes = await collect(encodeZip(given(), zip64From === undefined ? {} : { zip64From }));
    assert.equal(await contents(bytes), records, `zip64From ${zip64From}`);
    const entries = [...(await readZipDirectory(bytesSource(bytes))).values()];
    assert.ok(entries.every(({ start }) => start % 64 === 0));
    assert.equal(
      entries.map(({ crc }) => crc),
      records.map(([, data]) => crc32(utf8.encode(data))),
    );
    assert.equal(await collect(encodeZip(given(), zip64From === undefined ? {} : { zip64From })), bytes, 'the same bytes again');
    const large = new TextDecoder('latin1').decode(bytes).includes('PK\x06\x06');
    assert.is(large, zip64From !== undefined);
  }
});

test('an archive of more than 65,535 records is one with records of 64 bits', async () => {
  async function* many(): AsyncGenerator<ZipRecord> {
    for (let i = 0; i < 65_536; i++) yield { name: String(i), bytes: new Uint8Array(0) };
  }
  const bytes = await collect(encodeZip(many()));
  assert.is((await readZipDirectory(bytesSource(bytes))).size, 65_536);
});

test('an archive of nothing but a pickle is a checkpoint', async () => {
  assert.is((await openPyTorch(bytesSource(await archiveOf(pickleOf((writer) => writer.int(7)))))).value, 7);
});

test.run();
