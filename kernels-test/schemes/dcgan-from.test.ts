import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkReference } from '../../src/exchange/write-weights.js';
import { dcgan } from '../../src/schemes/dcgan.js';

test('DCGAN begins with its own networks, and names those of other schemes', () => {
  const own = { kind: 'dcgan-generator', options: { size: 64, nz: 5, ngf: 2 } };
  assert.equal(dcgan.optionsOf!({ generator: own }, 'run'), { size: 64, nz: 5, ngf: 2 });
  for (const [kind, options, named] of [
    ['stargan-generator', { labels: 2, ngf: 2, blocks: 1 }, /generator: StarGAN generator/],
    ['cgan-generator', { size: 28, labels: 10 }, /generator: CGAN generator/],
    ['conditional-dcgan-generator', { size: 28, labels: 10 }, /generator: conditional DCGAN generator/],
  ] as const) {
    const refused = () => dcgan.optionsOf!({ generator: { kind, options } }, 'run');
    assert.throws(refused, (error: { code: string; what: string; received: string }) => {
      assert.is(error.code, 'WEIGHTS_UNSUPPORTED');
      assert.is(error.what, 'run: DCGAN does not train these networks');
      assert.match(error.received, named);
      return true;
    });
  }
});

test('a network that has no PyTorch format is refused a .pth with what to write instead', () => {
  const architecture = { kind: 'cgan-generator', options: { size: 28, labels: 10 } };
  assert.throws(
    () => checkReference({ architecture, tensors: new Map() }),
    (error: { what: string; fix: string }) =>
      error.what === 'There is no PyTorch format of a CGAN generator here' &&
      error.fix === 'write a .safetensors, which says what it holds',
  );
});

test.run();
