// A translation and twenty steps of pix2pix with dropout on noise, in Node or a page. Prints the adapter, the picture and the losses as
// JSON.
// training-browser.test.ts runs it in both; the path of its harness in here, kernels-test/harness/, marks it as a
// program for the test device.
import { noGrad } from '../../src/autograd/graph.js';
import { pix2pixStep } from '../../src/schemes/pix2pix-step.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { values } from './deterministic.js';
import { testGpu } from './gpu.js';
import { disposePix2Pix, goldenPix2Pix, lossesFrom, type StepLosses } from './models.js';

export const STEPS = 20;
const SIDE = 32;
const BATCH = 2;

const gpu = await testGpu();
const model = goldenPix2Pix(gpu, { size: SIDE, ngf: 8, ndf: 8 });
const length = BATCH * SIDE * SIDE * 3;
const [source, target] = ['source', 'target'].map((name) => Tensor.from(gpu, values(name, length), [BATCH, SIDE, SIDE, 3])) as [
  Tensor,
  Tensor,
];
model.generator.dropoutState.advance(1);
const translation = noGrad(() => model.generator.forward(source, { training: false, dropout: true }));
const picture = [...(await translation.data())];
const losses = Tensor.from(gpu, new Float32Array(4), [4]);
const { recording } = await gpu.record(() => pix2pixStep(model, source, target, losses));
const history: StepLosses[] = [];
for (let step = 0; step < STEPS; step++) {
  source.write(values(`source ${step % 3}`, length));
  target.write(values(`target ${step % 3}`, length, 0.5, 0.25));
  model.generator.dropoutState.advance(step);
  recording.run();
  history.push(lossesFrom(await losses.data()));
}
recording.destroy();
for (const tensor of [source, target, losses, translation]) tensor.dispose();
disposePix2Pix(model);
const { vendor, architecture, device, description } = gpu.adapter;
console.log(`result ${JSON.stringify({ adapter: { vendor, architecture, device, description }, picture, history })}`);
