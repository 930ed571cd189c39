import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ShadegradError } from '../../src/errors.js';
import { addBias, biasGrad } from '../../src/kernels/bias.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../harness/deterministic.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { assertNeighboursKept, LAYOUTS, ODD_SLICE, placed, SHAPES, target, WHOLE } from '../harness/layouts.js';
import * as reference from '../reference/elementwise.js';

const gpu = await testGpu();

for (const shape of SHAPES) {
  for (const layout of LAYOUTS) {
    test(`addBias to [${shape}], ${layout.name}`, async () => {
      const channels = shape[shape.length - 1]!;
      const length = shape.reduce((product, size) => product * size, 1);
      const x = values('addBias x', length);
      const bias = values('addBias bias', channels);
      const expected = reference.addBias(x, bias);
      const input = placed(gpu, x, shape, layout);
      const result = await addBias(input, placed(gpu, bias, [channels])).data();
      assertClose(result, expected, { absolute: 1e-7, relative: 1e-7, label: 'addBias' });

      const out = target(gpu, shape, layout);
      addBias(input, placed(gpu, bias, [channels], ODD_SLICE), out);
      assertClose(await out.data(), expected, { absolute: 1e-7, relative: 1e-7, label: 'addBias, bias at an odd place' });
      await assertNeighboursKept(out, layout);
    });
  }
}

const SUMS = [
  { rows: 1, channels: 1 },
  { rows: 1, channels: 512 },
  { rows: 31, channels: 3 },
  { rows: 64, channels: 4 },
  { rows: 65, channels: 7 },
  { rows: 900, channels: 1 },
  { rows: 4 * 31 * 31, channels: 6 },
  { rows: 1000, channels: 64 },
  { rows: 256 * 256, channels: 3 },
  { rows: 256 * 256, channels: 8 },
];

for (const { rows, channels } of SUMS) {
  for (const layout of LAYOUTS) {
    test(`biasGrad of ${rows} rows x ${channels} channels, ${layout.name}`, async () => {
      // The offset makes the sums large, so that a sloppy order of summation would show.
      const x = values('biasGrad', rows * channels, 1, 0.5);
      const expected = reference.sumRows(x, channels);
      const input = placed(gpu, x, [rows, channels], layout);
      const result = await biasGrad(input).data();
      assertClose(result, expected, { absolute: 1e-6, relative: 2e-6, label: 'biasGrad' });
      assert.equal(await biasGrad(input).data(), result, 'the same to the bit');

      const before = values('biasGrad before', channels);
      for (const placement of LAYOUTS) {
        const into = placed(gpu, before, [channels], placement);
        assert.is(biasGrad(input, into, true), into);
        assertClose(await into.data(), reference.addScaled(expected, before, 1, 1), {
          absolute: 1e-6,
          relative: 2e-6,
          label: `accumulated, ${placement.name}`,
        });
        biasGrad(input, into);
        assertClose(await into.data(), expected, { absolute: 1e-6, relative: 2e-6, label: `written over, ${placement.name}` });
        await assertNeighboursKept(into, placement);
      }
    });
  }
}

test('biasGrad is the gradient of addBias: moving one bias moves the sum of weighted outputs by it', async () => {
  const [rows, channels] = [50, 6];
  const x = values('x', rows * channels);
  const dy = values('dy', rows * channels);
  const bias = Float64Array.from(values('bias', channels));
  const gradient = await biasGrad(Tensor.from(gpu, dy, [rows, channels])).data();
  const weighted = (): number => reference.addBias(x, bias).reduce((sum, y, i) => sum + y * dy[i]!, 0);
  for (let channel = 0; channel < channels; channel++) {
    const middle = bias[channel]!;
    bias[channel] = middle + 1e-3;
    const above = weighted();
    bias[channel] = middle - 1e-3;
    const below = weighted();
    bias[channel] = middle;
    assertClose([gradient[channel]!], [(above - below) / 2e-3], { absolute: 1e-5, label: `channel ${channel}` });
  }
});

test('a bias of another length is refused', () => {
  const x = placed(gpu, values('x', 12), [4, 3], WHOLE);
  const codes = [() => addBias(x, Tensor.from(gpu, [1, 2], [2])), () => biasGrad(x, Tensor.empty(gpu, [4]))].map((run) => {
    try {
      run();
    } catch (error) {
      return (error as ShadegradError).code;
    }
    return undefined;
  });
  assert.equal(codes, ['SHAPE_MISMATCH', 'SHAPE_MISMATCH']);
});

test.run();
