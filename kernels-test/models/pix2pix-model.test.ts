import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { addScaled, bceWithLogits, concat, l1Loss } from '../../src/autograd/ops.js';
import { PatchGAN } from '../../src/models/patchgan.js';
import { UNet } from '../../src/models/unet.js';
import { pix2pixStep } from '../../src/schemes/pix2pix-step.js';
import { Tensor } from '../../src/tensor/tensor.js';
import gradientsGolden from '../goldens/pix2pix_gradients.json';
import outputsGolden from '../goldens/pix2pix_outputs.json';
import trainingGolden from '../goldens/pix2pix_training.json';
import stateDict from '../goldens/state_dict.json';
import { generate } from '../harness/deterministic.js';
import { assertClose, assertMatchesSummary, float32, type ArraySummary } from '../harness/golden.js';
import { disposePix2Pix, goldenPix2Pix, lossesFrom } from '../harness/models.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();

/** PyTorch's [out, in, h, w] (conv) and [in, out, h, w] (transposed) both become ours by one permutation. */
const ourShape = (torch: number[]): number[] => (torch.length === 4 ? [torch[2]!, torch[3]!, torch[1]!, torch[0]!] : torch);

test('parameter counts at 256 are the published ones', () => {
  assert.is(new UNet({ size: 256 }).parameterCount, 54_413_955);
  assert.is(new PatchGAN().parameterCount, 2_768_705);
  assert.is(new PatchGAN().receptiveField, 70);
});

test('names and shapes of all parameters are those of the PyTorch reference, sizes 16 to 512', () => {
  const list = (module: UNet | PatchGAN): unknown[] =>
    [...module.namedTensors()].filter(([, tensor]) => tensor.trainable).map(([name, tensor]) => [name, [...tensor.shape]]);
  const sorted = (entries: unknown[]): unknown[] => entries.map((entry) => JSON.stringify(entry)).sort();
  for (const { size, parameters, parameterCount } of stateDict.generators) {
    const model = new UNet({ size, ngf: stateDict.ngf });
    assert.equal(sorted(list(model)), sorted(parameters.map(([name, shape]) => [name, ourShape(shape as number[])])));
    assert.is(model.parameterCount, parameterCount);
  }
  const expected = stateDict.discriminator.parameters.map(([name, shape]) => [name, ourShape(shape as number[])]);
  assert.equal(sorted(list(new PatchGAN({ ndf: stateDict.ndf }))), sorted(expected));
});

const upload = (each: { name: string; shape: number[]; scale: number; offset: number }): Tensor =>
  Tensor.from(gpu, generate(each), each.shape);

for (const golden of outputsGolden.cases) {
  test(`outputs of G and D at size ${golden.size}, ngf ${golden.ngf}, batch ${golden.batch} are PyTorch's within 1e-4`, async () => {
    const model = goldenPix2Pix(gpu, golden);
    const source = upload(golden.inputs.source);
    const target = upload(golden.inputs.target);
    const mode = { training: true, dropout: false };
    const { generated, real, fake } = gpu.scope(() => {
      const image = model.generator.forward(source, mode);
      return {
        generated: image,
        real: model.discriminator.forward(concat([source, target]), mode),
        fake: model.discriminator.forward(concat([source, image]), mode),
      };
    });
    for (const [tensor, expected, label] of [
      [generated, golden.expected.generated, 'generated'],
      [real, golden.expected.realLogits, 'real logits'],
      [fake, golden.expected.fakeLogits, 'fake logits'],
    ] as const) {
      if ('float32' in expected) assertClose(await tensor.data(), float32(expected as never), { absolute: 1e-4, label });
      else assertMatchesSummary(await tensor.data(), expected as ArraySummary, { relative: 1e-4, label });
    }
    const evaluated = gpu.scope(() => model.generator.forward(source, { training: false, statistics: 'running' }));
    assertMatchesSummary(await evaluated.data(), golden.expected.evaluationGenerated as ArraySummary, {
      relative: 1e-4,
      label: 'with running statistics',
    });
    for (const tensor of [source, target, generated, real, fake, evaluated]) tensor.dispose();
    disposePix2Pix(model);
  });
}

test("all gradients of step one are PyTorch's within 1e-3 per tensor", async () => {
  const golden = gradientsGolden;
  const model = goldenPix2Pix(gpu, golden);
  const source = upload(golden.inputs.source);
  const target = upload(golden.inputs.target);
  const mode = { training: true, dropout: false };
  const compare = async (network: 'G' | 'D', summaries: ArraySummary[]): Promise<void> => {
    const parameters = (network === 'G' ? model.generator : model.discriminator).namedParameters();
    assert.is(parameters.size, summaries.length);
    for (const summary of summaries) {
      const parameter = parameters.get(summary.name.slice(2));
      assert.ok(parameter?.grad, `${summary.name} has a gradient`);
      assertMatchesSummary(await parameter!.grad!.data(), summary, { relative: 1e-3, label: summary.name });
    }
  };
  gpu.scope(() => {
    const image = model.generator.forward(source, mode);
    model.discriminator.setRequiresGrad(false);
    const gan = bceWithLogits(model.discriminator.forward(concat([source, image]), mode), 1);
    backward(addScaled(gan, l1Loss(image, target), 1, 100));
  });
  await compare('G', golden.generatorThroughInitialDiscriminator);

  // The whole step leaves both sets of gradients behind: D's before its update, G's through the updated D.
  const losses = Tensor.from(gpu, new Float32Array(4), [4]);
  pix2pixStep(model, source, target, losses, { dropout: false });
  await compare('D', golden.discriminator);
  await compare('G', golden.generator);
  for (const tensor of [source, target, losses]) tensor.dispose();
  disposePix2Pix(model);
});

for (const replayed of [false, true]) {
  test(`${trainingGolden.steps} ${replayed ? 'replayed' : 'eager'} training steps follow PyTorch's losses within 1e-3`, async () => {
    const golden = trainingGolden;
    const model = goldenPix2Pix(gpu, golden);
    const batches = golden.inputs.map(({ source, target }) => ({ source: generate(source), target: generate(target) }));
    const shape = golden.inputs[0]!.source.shape;
    const source = Tensor.from(gpu, batches[0]!.source, shape);
    const target = Tensor.from(gpu, batches[0]!.target, shape);
    const losses = Tensor.from(gpu, new Float32Array(4), [4]);
    const step = (): void => pix2pixStep(model, source, target, losses, { dropout: false });
    const recorded = replayed ? (await gpu.record(step)).recording : null;
    for (let index = 0; index < golden.steps; index++) {
      const batch = batches[index % batches.length]!;
      source.write(batch.source);
      target.write(batch.target);
      if (recorded) recorded.run();
      else step();
      const actual = lossesFrom(await losses.data());
      const expected = golden.losses[index]!;
      for (const [label, a, e] of [
        ['D real', actual.discriminatorReal, expected.dReal],
        ['D fake', actual.discriminatorFake, expected.dFake],
        ['G GAN', actual.generatorGan, expected.gGan],
        ['G L1', actual.generatorL1, expected.gL1],
      ] as const) {
        assertClose([a], [e], { relative: 1e-3, label: `step ${index + 1}, ${label}` });
      }
    }
    recorded?.destroy();
    for (const tensor of [source, target, losses]) tensor.dispose();
    disposePix2Pix(model);
  });
}

test.run();
