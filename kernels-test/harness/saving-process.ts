// A process that saves checkpoints to argv[2], one after the other, until it is killed: in the k-th every parameter
// of the generator is k. checkpoint.test.ts bundles and starts it.
import { fill } from '../../src/kernels/elementwise.js';
import { saveCheckpoint } from '../../src/node/weights/checkpoint.js';
import { testGpu } from './gpu.js';
import { goldenPix2Pix, targetOf } from './models.js';

const path = process.argv[2]!;
const gpu = await testGpu();
const model = goldenPix2Pix(gpu, { size: 32, ngf: 4, ndf: 4 });
for (let step = Number(process.argv[3]); ; step++) {
  for (const { values } of model.generator.memory.windows) fill(values, step);
  await saveCheckpoint(path, targetOf(model), { options: {}, step, epoch: 0, adapter: 'test' });
  process.stdout.write(`saved ${step}\n`);
}
