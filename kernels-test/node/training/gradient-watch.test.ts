// first driver only: it runs no kernels
// not in browsers: it is about a process
import { setImmediate } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Gpu } from '../../../src/gpu/gpu.js';
import { GradientWatch } from '../../../src/node/training/gradient-watch.js';
import type { RunHistory } from '../../../src/node/training/history.js';
import type { Trainer } from '../../../src/training/trainer.js';

test('a record that cannot be written is an error where the run waits for it, and ends no process before', async () => {
  const unheard: unknown[] = [];
  const hear = (error: unknown): void => void unheard.push(error);
  process.on('unhandledRejection', hear);
  try {
    const history = {
      wantsGradients: true,
      addGradients() {
        throw new Error('the disk is full');
      },
    };
    const trainer = { step: 1, networks: {} };
    const watch = new GradientWatch({} as Gpu, trainer as unknown as Trainer, history as unknown as RunHistory, 'f32');
    watch.look();
    for (let turn = 0; turn < 5; turn++) await setImmediate();
    assert.equal(unheard, []);
    let said = '';
    await watch.settled().catch((error: Error) => (said = error.message));
    assert.is(said, 'the disk is full');
  } finally {
    process.off('unhandledRejection', hear);
  }
});

test.run();
