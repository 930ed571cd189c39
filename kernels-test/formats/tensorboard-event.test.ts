import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { crc32c } from '../../src/formats/crc32c.js';
import { imageEvent, restartEvent, scalarsEvent, stepOf, versionEvent } from '../../src/formats/tensorboard-event.js';
import { tfRecord, tfRecordLength } from '../../src/formats/tfrecord.js';

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

test('CRC-32C, by the numbers of RFC 3720', () => {
  assert.is(crc32c(new TextEncoder().encode('123456789')), 0xe3069283);
  assert.is(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.is(crc32c(new Uint8Array(32).fill(255)), 0x62a8ab43);
  assert.is(crc32c(Uint8Array.from({ length: 32 }, (_, at) => at)), 0x46dd794e);
});

test('a record is length, checksum, contents, checksum', () => {
  const record = tfRecord(new TextEncoder().encode('hello'));
  assert.is(record.length, 12 + 5 + 4);
  assert.is(hex(record.subarray(0, 8)), '0500000000000000');
  assert.is(tfRecordLength(record), record.length);
  for (const damaged of [record.subarray(0, 11), Uint8Array.from(record, (byte, at) => (at === 0 ? byte ^ 1 : byte))])
    assert.is(tfRecordLength(damaged), null);
  // The checksum is rotated by 15 bits, and a number is added.
  const view = new DataView(record.buffer);
  const unmasked = (view.getUint32(17, true) - 0xa282ead8) >>> 0;
  assert.is(((unmasked << 15) | (unmasked >>> 17)) >>> 0, crc32c(new TextEncoder().encode('hello')));
});

test('events, byte by byte', () => {
  const time = { seconds: 1, step: 300 };
  const head = '09000000000000f03f10ac02';
  assert.is(hex(versionEvent(1)), `09000000000000f03f1a0d${hex(new TextEncoder().encode('brain.Event:2'))}`);
  assert.is(hex(restartEvent(time)), `${head}3a020801`);
  assert.is(hex(scalarsEvent(time, [['a', 1.5]])), `${head}2a0a0a080a0161150000c03f`);
  assert.is(
    hex(imageEvent(time, { tag: 'i', width: 3, height: 2, png: Uint8Array.of(7, 8) })),
    `${head}2a110a0f0a0169220a080210031803220207` + '08',
  );
  for (const event of [restartEvent(time), scalarsEvent(time, [])]) assert.is(stepOf(event), 300);
  assert.is(stepOf(versionEvent(1)), 0);
});

test.run();
