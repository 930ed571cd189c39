// not in browsers: it is about the files and notes of a run
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Trainer, TrainedStep } from '../../../src/training/trainer.js';
import type { StepLosses } from '../../../src/training/pix2pix-step.js';
import type { Progress } from '../../../src/node/terminal/progress.js';
import { parseFlags } from '../../../src/node/terminal/flags.js';
import { LossCurve } from '../../../src/node/training/curve.js';
import { DiscriminatorWatch, WON, wonWarning } from '../../../src/node/training/discriminator-watch.js';
import { TRAIN_PROGRAM } from '../../../src/node/training/flags.js';
import type { RunHistory } from '../../../src/node/training/history.js';
import type { Interrupt } from '../../../src/node/training/interrupt.js';
import { TrainingLoop } from '../../../src/node/training/loop.js';
import { newSettings } from '../../../src/node/training/settings.js';

const losses = (discriminator: number): StepLosses => ({
  discriminatorReal: discriminator,
  discriminatorFake: discriminator,
  generatorGan: 9,
  generatorL1: 0.5,
});
const settings = newSettings(parseFlags(TRAIN_PROGRAM, ['--preset', 'full', '--lr', '0.01']).values, new Set(['lr']), false)[0]!;

test('a curve of any length has a bound, the first step and equal distances', () => {
  const curve = new LossCurve(100);
  for (let step = 1; step <= 100; step++) curve.add({ step, ...losses(step) });
  assert.equal(
    curve.points.map(({ step }) => step),
    Array.from({ length: 100 }, (_, index) => index + 1),
  );
  for (let step = 101; step <= 100_000; step++) {
    curve.add({ step, ...losses(step) });
    assert.ok(curve.points.length <= 100);
  }
  const steps = curve.points.map(({ step }) => step);
  assert.is(steps[0], 1);
  assert.ok(steps.length > 50 && steps[steps.length - 1]! > 98_000);
  assert.is(new Set(steps.slice(1).map((step, index) => step - steps[index]!)).size, 1);
});

test('a discriminator has won after its losses were about 0 for so long, and not because some were', () => {
  const healthy = new DiscriminatorWatch();
  for (let step = 1; step <= 5000; step++) assert.not.ok(healthy.add({ step, ...losses(step % (WON.steps - 1) === 0 ? 1e-3 : 0) }));
  // One of the two losses is not enough: the other still teaches.
  for (let step = 1; step <= 1000; step++) assert.not.ok(healthy.add({ step, ...losses(0), discriminatorFake: 0.02 }));
  assert.is(healthy.wonAt, undefined);
  const lost = new DiscriminatorWatch();
  const told = Array.from({ length: 2000 }, (_, index) => lost.add({ step: index + 1, ...losses(index < 100 ? 0.3 : 0) }));
  assert.equal(
    told.flatMap((now, index) => (now ? [index + 1] : [])),
    [100 + WON.steps],
  );
  assert.is(lost.wonAt, 100 + WON.steps);
});

test('the loop says so once, with flags that can be given', () => {
  const notes: string[] = [];
  const watch = new DiscriminatorWatch();
  const history = {
    secondsBefore: 0,
    addSteps: (steps: readonly TrainedStep[]) => steps.forEach(({ step, losses: of }) => watch.add({ step, ...of })),
    get discriminatorWonAt() {
      return watch.wonAt;
    },
  } as unknown as RunHistory;
  const progress = { update: () => {}, note: (line: string) => notes.push(line), stop: () => {} } as Progress;
  const trainer = { step: 0, stepsPerEpoch: 400 } as Trainer;
  const loop = new TrainingLoop({
    trainer,
    settings,
    history,
    progress,
    interrupt: {} as Interrupt,
    totalSteps: 1000,
    trial: { trained: [], secondsPerStep: 1 },
  });
  for (let step = 1; step <= 1000; step += 4) loop.record([0, 1, 2, 3].map((more) => ({ step: step + more, losses: losses(1e-6) })));
  assert.is(notes.length, 1);
  assert.match(notes[0]!, /by step 300 .* has won/);
  const flags = [...wonWarning(300, settings).matchAll(/\((--[^)]*)\)/g)].map(([, flag]) => flag!);
  assert.equal(flags, ['--lr 0.0002', '--ndf 32', '--from']);
  for (const flag of flags.slice(0, 2)) parseFlags(TRAIN_PROGRAM, flag.split(' '));
  assert.throws(() => loop.record([{ step: 1001, losses: losses(NaN) }]), /step 1001[^]*--lr 0\.0002/);
});

test.run();
