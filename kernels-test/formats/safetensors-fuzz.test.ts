// not in browsers: it asks Node how much memory is in use
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '../../src/formats/byte-source.js';
import { encodeSafetensors, openSafetensors, openShardedSafetensors } from '../../src/formats/safetensors-file.js';
import type { WeightFile } from '../../src/formats/weight-file.js';
import { encodeNetwork } from '../../src/exchange/network-file.js';
import { networksIn } from '../../src/exchange/read-weights.js';
import { referenceStateDict } from '../../src/exchange/pytorch/reference-network.js';
import { fuzz } from '../harness/fuzz.js';
import { collect, formulaNetwork } from '../harness/weights.js';

/** Reading may take a few copies of a file, and what the garbage collector has not yet taken away. */
const BYTES_ALLOWED = 4 * 2 ** 20;

/** Everything that a program does with a file: its tensors, its networks, and their tensors in this library's layout. */
async function readAll(file: WeightFile): Promise<void> {
  for (const tensor of file.tensors.values()) await tensor.read();
  for (const { weights } of networksIn(file)) for (const tensor of weights.tensors.values()) await tensor.read();
}

const unet = formulaNetwork({ kind: 'unet', options: { size: 16, ngf: 1, inChannels: 1, outChannels: 1 } });
const patchgan = formulaNetwork({ kind: 'patchgan', options: { inChannels: 2, ndf: 1, layers: 1 } });

test('20,000 damaged files are read or refused, and none takes more memory than it has bytes for', async () => {
  const originals = await Promise.all(
    [
      encodeNetwork(patchgan),
      encodeNetwork(patchgan, { layout: 'pytorch', dtype: 'f16' }),
      encodeNetwork(unet, { dtype: 'bf16' }),
      encodeSafetensors(referenceStateDict(patchgan)),
      encodeSafetensors([...referenceStateDict(unet, { prefix: 'generator.' }), ...referenceStateDict(patchgan, { prefix: 'd.' })], {
        dtype: 'f16',
      }),
    ].map(collect),
  );
  for (const bytes of originals) await readAll(await openSafetensors(bytesSource(bytes)));
  const { accepted, refused, mostBytes } = await fuzz(originals, 20_000, async (bytes) =>
    readAll(await openSafetensors(bytesSource(bytes))),
  );
  console.log(`${accepted} read, ${refused} refused, at most ${mostBytes} bytes`);
  assert.ok(accepted > 500 && refused > 5000);
  assert.ok(mostBytes < BYTES_ALLOWED, `${mostBytes} bytes`);
});

test('20,000 damaged indices likewise; none opens a file outside its folder', async () => {
  const state = referenceStateDict(patchgan);
  const shards = new Map<string, Uint8Array>();
  const places: Record<string, string> = {};
  for (const [index, part] of [state.slice(0, 3), state.slice(3)].entries()) {
    const name = `model-${index + 1}.safetensors`;
    shards.set(name, await collect(encodeSafetensors(part)));
    for (const tensor of part) places[tensor.name] = name;
  }
  const original = new TextEncoder().encode(JSON.stringify({ metadata: { total_size: 9 }, weight_map: places }));
  const asked = new Set<string>();
  const read = async (bytes: Uint8Array): Promise<void> =>
    readAll(
      await openShardedSafetensors(bytesSource(bytes, 'index'), async (name) => {
        asked.add(name);
        return bytesSource(shards.get(name) ?? new Uint8Array(0), name);
      }),
    );
  await read(original);
  const { accepted, refused, mostBytes } = await fuzz([original], 20_000, read);
  console.log(`${accepted} read, ${refused} refused, at most ${mostBytes} bytes`);
  assert.ok(accepted > 100 && refused > 5000);
  assert.ok(mostBytes < BYTES_ALLOWED);
  assert.ok(asked.size > 2, 'names were damaged, too');
  assert.equal(
    [...asked].filter((name) => /[\\/:\0]|^\./.test(name)),
    [],
  );
});

test.run();
