// not in browsers: streams of Node
import { Readable, Writable } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { piecesOf, readStream, writeStream } from '../../../src/node/files/standard-streams.js';

const bytes = Uint8Array.from({ length: 23 }, (_, at) => at);
const inChunks = (size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.slice(at * size, (at + 1) * size));

test('pieces have one size however the bytes come, and the last is what is left', async () => {
  for (const size of [1, 3, 5, 7, 23]) {
    const pieces: number[][] = [];
    for await (const piece of piecesOf(Readable.from(inChunks(size)), 5, 'a stream')) pieces.push([...piece]);
    assert.equal(
      pieces.map(({ length }) => length),
      [5, 5, 5, 5, 3],
    );
    assert.equal(pieces.flat(), [...bytes]);
  }
});

test('nothing is read ahead of the piece that is at work, but what streams keep', async () => {
  let read = 0;
  function* source(): Generator<Uint8Array> {
    for (; ; read++) yield new Uint8Array(10);
  }
  const pieces = piecesOf(Readable.from(source(), { highWaterMark: 2 }), 10, 'a stream');
  for (let taken = 0; taken < 5; taken++) await pieces.next();
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(read >= 5 && read < 10, `${read} read`);
  await pieces.return(undefined);
});

test('a write waits for its reader; one that has gone is told, other errors are thrown', async () => {
  let release = (): void => {};
  const slow = new Writable({ write: (_chunk, _encoding, done) => void (release = done) });
  let written = false;
  const writing = writeStream(slow, bytes, 'a stream').then((open) => {
    written = true;
    return open;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.not.ok(written);
  release();
  assert.is(await writing, true);

  const failing = (code: string): Writable => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })) });
    return stream.on('error', () => {});
  };
  const gone = failing('EPIPE');
  assert.is(await writeStream(gone, bytes, 'a stream'), false);
  assert.is(await writeStream(gone, bytes, 'a stream'), false, 'and again');
  const error = await writeStream(failing('ENOSPC'), bytes, 'stdout').catch((thrown: unknown) => thrown as Error & { code: string });
  assert.is((error as { code: string }).code, 'WRITE_FAILED');
});

test('a terminal and a broken stream are no files', async () => {
  const failed = (stream: Readable) => readStream(stream, 'stdin').catch((thrown: unknown) => (thrown as { code: string }).code);
  assert.is(await failed(Object.assign(Readable.from([bytes]), { isTTY: true })), 'DATA_UNREADABLE');
  const broken = new Readable({ read() {} });
  broken.destroy(new Error('broken'));
  assert.is(await failed(broken), 'DATA_UNREADABLE');
  assert.equal([...((await readStream(Readable.from(inChunks(4)), 'stdin')) as Uint8Array)], [...bytes]);
});

test.run();
