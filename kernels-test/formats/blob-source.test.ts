import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeNetwork } from '../../src/exchange/network-file.js';
import { findNetwork } from '../../src/exchange/read-weights.js';
import { openSafetensors } from '../../src/formats/safetensors-file.js';
import { blobSource } from '../../src/web/blob-source.js';
import { collect, formulaNetwork, refuses } from '../harness/weights.js';

test('a network is read out of a blob, a tensor at a time', async () => {
  const weights = formulaNetwork({ kind: 'patchgan', options: { ndf: 2 } });
  const blob = new Blob([new Uint8Array(await collect(encodeNetwork(weights)))]);
  const source = blobSource(blob, 'd.safetensors');
  assert.is(source.size, blob.size);
  const found = findNetwork(await openSafetensors(source)).weights;
  assert.is(found.tensors.size, weights.tensors.size);
  for (const [name, tensor] of weights.tensors) assert.equal(await found.tensors.get(name)!.read(), await tensor.read(), name);
});

test('a file keeps its name, and what lies outside of it is not read', async () => {
  const source = blobSource(new File([Uint8Array.of(1, 2, 3)], 'three.bin'));
  assert.is(source.name, 'three.bin');
  const target = new Uint8Array(2);
  await source.read(1, target);
  assert.equal(target, Uint8Array.of(2, 3));
  for (const start of [-1, 2]) await refuses(() => source.read(start, target), 'WEIGHTS_CORRUPT', /three\.bin/, /3 bytes in all/);
});

test.run();
