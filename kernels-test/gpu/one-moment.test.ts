import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { networkWeights } from '../../src/exchange/network/load-network.js';
import { fill } from '../../src/kernels/elementwise.js';
import { UNet } from '../../src/models/unet.js';
import { Module } from '../../src/nn/module.js';
import { encodeCheckpoint } from '../../src/training/checkpoint.js';
import { failure } from '../harness/devices.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();
const PROGRESS = { options: {}, step: 1, epoch: 0, adapter: 'any' };

test('a checkpoint of two moments is refused', async () => {
  const generator = new UNet({ size: 16, ngf: 4 }).to(gpu, { seed: 1, training: false });
  const { values } = generator.memory.windows[0]!;
  const write = async (atPiece: number): Promise<number> => {
    let pieces = 0;
    for await (const piece of encodeCheckpoint({ networks: { generator } }, PROGRESS))
      if (pieces++ === atPiece && piece.length > 0) fill(values, 0.5);
    return pieces;
  };
  const all = await write(-1);
  assert.ok(all > 10);
  // After the header nothing has been read yet, or one block: either way not all of it.
  await failure(
    'STALE_TENSOR',
    () => write(1),
    'the state of a checkpoint changed while it was read',
    'kernel fill',
    'before the next step',
  );
  assert.is(await write(all - 1), all, 'after the last piece it is whole');
  generator.dispose();
});

test('weights of two moments are refused, and whole passes at any time are not', async () => {
  const network = new UNet({ size: 16, ngf: 4 }).to(gpu, { seed: 1, training: false });
  const { tensors } = networkWeights(network);
  const { values } = network.memory.windows[0]!;
  const pass = async (between: () => void): Promise<number> => {
    let total = 0;
    for (const [, tensor] of tensors) {
      total += (await tensor.read()).length;
      between();
    }
    return total;
  };
  const size = await pass(() => {});
  for (let round = 0; round < 2; round++) {
    fill(values, round);
    assert.is(await pass(() => {}), size);
  }
  await failure('STALE_TENSOR', () => pass(() => fill(values, 2)), 'a network changed while it was read');
  const [first] = tensors.values();
  fill(values, 3);
  // The same one again is a new pass.
  assert.is((await first!.read())[0], 3);
  network.dispose();
});

test('another part of the same tree may be trained meanwhile', async () => {
  class Pair extends Module {
    readonly first = this.child('first', new UNet({ size: 16, ngf: 4 }));
    readonly second = this.child('second', new UNet({ size: 16, ngf: 4 }));
  }
  const pair = new Pair().to(gpu, { seed: 1, training: false });
  const write = async (part: UNet): Promise<void> => {
    for await (const piece of encodeCheckpoint({ networks: { generator: pair.first } }, PROGRESS))
      if (piece.length > 0) fill(part.parameters()[0]!, 0.5);
  };
  await write(pair.second);
  await failure('STALE_TENSOR', () => write(pair.first), 'changed while it was read');
  pair.dispose();
});

test.run();
