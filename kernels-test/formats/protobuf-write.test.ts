import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ProtobufMessage } from '../../src/formats/protobuf-write.js';
import { collect } from '../harness/weights.js';

const bytesOf = async (message: ProtobufMessage): Promise<number[]> => {
  const bytes = await collect(message.encode());
  assert.is(bytes.length, message.length);
  return [...bytes];
};

test('whole numbers of seven bits a byte, the lowest first', async () => {
  const cases: [value: number, bytes: number[]][] = [
    [0, [0]],
    [1, [1]],
    [127, [0x7f]],
    [128, [0x80, 1]],
    [150, [0x96, 1]],
    [16_383, [0xff, 0x7f]],
    [16_384, [0x80, 0x80, 1]],
    [2 ** 32, [0x80, 0x80, 0x80, 0x80, 0x10]],
    [2 ** 53 - 1, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]],
  ];
  for (const [value, bytes] of cases) assert.equal(await bytesOf(new ProtobufMessage().integer(1, value)), [0x08, ...bytes], String(value));
  for (const value of [-1, 0.5, 2 ** 53, NaN])
    assert.throws(
      () => new ProtobufMessage().integer(1, value),
      (error: Error) => error instanceof RangeError,
    );
});

test('fields: a number with its kind, and a length where one is needed', async () => {
  assert.equal(await bytesOf(new ProtobufMessage().text(2, 'testing')), [0x12, 7, ...new TextEncoder().encode('testing')]);
  assert.equal(await bytesOf(new ProtobufMessage().text(1, 'é')), [0x0a, 2, 0xc3, 0xa9]);
  assert.equal(await bytesOf(new ProtobufMessage().float(3, 1.5)), [0x1d, 0, 0, 0xc0, 0x3f]);
  assert.equal(await bytesOf(new ProtobufMessage().integer(16, 1)), [0x80, 0x01, 1]);
  assert.equal(await bytesOf(new ProtobufMessage().message(3, new ProtobufMessage().integer(1, 150))), [0x1a, 3, 0x08, 0x96, 1]);
  assert.equal(await bytesOf(new ProtobufMessage().message(1, new ProtobufMessage())), [0x0a, 0]);
});

test('a long message inside others counts its bytes, and streamed ones come when it is written, each time', async () => {
  let reads = 0;
  const inner = new ProtobufMessage()
    .integer(1, 5)
    .streamed(2, 300, async () => {
      reads++;
      return new Uint8Array(300).fill(7);
    })
    .integer(3, 6);
  const outer = new ProtobufMessage().message(1, inner).integer(2, 8);
  assert.is(reads, 0);
  const wanted = [0x0a, 0xb3, 2, 0x08, 5, 0x12, 0xac, 2, ...Array.from({ length: 300 }, () => 7), 0x18, 6, 0x10, 8];
  assert.equal(await bytesOf(outer), wanted);
  assert.equal(await bytesOf(outer), wanted);
  assert.is(reads, 2);
});

test('streamed contents of another length than was announced are an error', async () => {
  const message = new ProtobufMessage().streamed(1, 3, async () => new Uint8Array(2));
  await collect(message.encode()).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, /2 bytes where 3/),
  );
});

test.run();
