import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mul } from '../../../src/autograd/ops.js';
import { Tensor } from '../../../src/tensor/tensor.js';
import { chromeTrace, kernelTotals, profileStep } from '../../../bench/step-profile.js';
import { Timestamps } from '../../../bench/stopwatch.js';
import { testGpu } from '../../harness/gpu.js';

const gpu = await testGpu();

test('kernels are summed by name, the slowest first, and their shares add up to one', () => {
  const workgroups = [1, 1, 1] as const;
  const totals = kernelTotals([
    { kernel: 'a', workgroups, bytes: 1e6, ms: 1 },
    { kernel: 'b', workgroups, bytes: 6e6, ms: 6 },
    { kernel: 'a', workgroups, bytes: 3e6, ms: 1 },
  ]);
  assert.equal(totals, [
    { kernel: 'b', dispatches: 1, ms: 6, share: 0.75, gigabytes: 1 },
    { kernel: 'a', dispatches: 2, ms: 2, share: 0.25, gigabytes: 2 },
  ]);
});

test('a profile has each dispatch once, in order, and the trace lays them end to end after the host', async () => {
  const x = Tensor.from(gpu, new Float32Array(64).fill(1), [64]);
  const { recording, result } = await gpu.record(() => mul(mul(x, 2), 3));
  recording.run();
  const timestamps = gpu.features.has('timestamp-query') ? new Timestamps(gpu) : null;
  const byWallClock = await profileStep(gpu, recording);
  const profile = await profileStep(gpu, recording, timestamps);
  assert.match(byWallClock.clock, 'wall clock');
  assert.match(profile.clock, timestamps ? 'timestamps' : 'wall clock');
  timestamps?.destroy();
  for (const { dispatches } of [byWallClock, profile])
    assert.equal(
      dispatches.map(({ kernel, bytes, ms }) => [kernel, bytes, Number.isFinite(ms)]),
      [
        ['unary(mul with a number)', 512, true],
        ['unary(mul with a number)', 512, true],
      ],
    );
  assert.is((await result.data())[0], 6);
  const { traceEvents } = chromeTrace({
    ...profile,
    hostMs: 2,
    dispatches: profile.dispatches.map((dispatch, i) => ({ ...dispatch, ms: i + 1 })),
  }) as {
    traceEvents: { ph: string; tid: number; name: string; ts: number; dur: number }[];
  };
  const slices = traceEvents.filter(({ ph, tid }) => ph === 'X' && tid === 2);
  assert.equal(
    slices.map(({ name, ts, dur }) => [name, ts, dur]),
    [
      ['unary(mul with a number)', 2000, 1000],
      ['unary(mul with a number)', 3000, 2000],
    ],
  );
  recording.destroy();
  for (const tensor of [x, result]) tensor.dispose();
});

test.run();
