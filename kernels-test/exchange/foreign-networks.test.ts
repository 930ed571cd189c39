import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { referenceStateDict } from '../../src/exchange/pytorch/reference-network.js';
import { findNetwork, networksIn, surveyNetworks } from '../../src/exchange/read-weights.js';
import type { WeightFile } from '../../src/formats/weight-file.js';
import { describeFile } from '../../src/node/programs/inspect.js';
import { elementCount } from '../../src/tensor/shape.js';
import { fileOf, formulaNetwork, refuses } from '../harness/weights.js';

type Shapes = Readonly<Record<string, readonly number[]>>;
const of = (shapes: Shapes, prefix = ''): WeightFile =>
  fileOf(
    Object.entries(shapes).map(([name, shape]) => ({
      name: prefix + name,
      shape,
      read: async () => new Float32Array(elementCount(shape)),
    })),
  );
/** So many entries of a name with "#" in it. */
const times = (count: number, shapes: Shapes, first = 0): Shapes =>
  Object.assign(
    {},
    ...Array.from({ length: count }, (_, n) =>
      Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name.replace('#', String(n + first)), shape])),
    ),
  ) as Shapes;

/** CycleGAN's generator: pad, 7 x 7, two halvings, blocks, two doublings, 7 x 7. */
function resnet(blocks: number, halvings = 2): Shapes {
  const shapes: Record<string, readonly number[]> = { 'model.1.weight': [64, 3, 7, 7], 'model.1.bias': [64] };
  let at = 4;
  for (let level = 0; level < halvings; level++, at += 3) shapes[`model.${at}.weight`] = [128, 64, 3, 3];
  for (let block = 0; block < blocks; block++, at++) {
    shapes[`model.${at}.conv_block.1.weight`] = [256, 256, 3, 3];
    shapes[`model.${at}.conv_block.5.weight`] = [256, 256, 3, 3];
  }
  for (let level = 0; level < halvings; level++, at += 3) shapes[`model.${at}.weight`] = [256, 128, 3, 3];
  return { ...shapes, [`model.${at + 1}.weight`]: [1, 64, 7, 7] };
}

const attention: Shapes = { 'model.layers.#.self_attn.q_proj.weight': [8, 8], 'model.layers.#.mlp.up_proj.weight': [8, 8] };
const kinds: [shapes: Shapes, words: RegExp][] = [
  [resnet(9, 4), /with 9 blocks.*pix2pixHD's \(4 halvings\)/],
  [{ ...resnet(9, 4), 'model1_1.1.weight': [32, 3, 7, 7] }, /local enhancer, as pix2pixHD's/],
  [
    times(3, { 'scale#_layer0.0.weight': [64, 6, 4, 4], 'scale#_layer1.0.weight': [128, 64, 4, 4] }),
    /a discriminator of 3 scales, as pix2pixHD's/,
  ],
  [
    {
      'conv1.weight': [64, 3, 7, 7],
      ...times(2, {
        'layer1.#.conv1.weight': [64, 64, 3, 3],
        'layer2.#.conv1.weight': [64, 64, 3, 3],
        'layer3.#.conv1.weight': [64, 64, 3, 3],
        'layer4.#.conv1.weight': [64, 64, 3, 3],
      }),
      'fc.weight': [10, 512],
    },
    /a ResNet-18 that classifies images/,
  ],
  [
    {
      'conv1.weight': [64, 3, 7, 7],
      ...times(16, { 'layer1.#.conv1.weight': [64, 64, 1, 1], 'layer1.#.conv3.weight': [64, 64, 1, 1] }),
      'fc.weight': [10, 512],
    },
    /a ResNet-50/,
  ],
  [{ ...times(13, { 'features.#.weight': [64, 64, 3, 3] }), ...times(3, { 'classifier.#.weight': [64, 64] }) }, /a VGG-16/],
  [{ ...times(5, { 'features.#.weight': [64, 3, 11, 11] }), 'classifier.1.weight': [4, 4] }, /classifies images.*5 convolutions/],
  [times(12, { 'model.diffusion_model.input_blocks.#.0.in_layers.0.weight': [4, 4, 3, 3] }), /diffusion model .* with 12 blocks/],
  [
    times(4, { 'down_blocks.#.resnets.0.conv1.weight': [4, 4, 3, 3], 'up_blocks.#.resnets.0.conv1.weight': [4, 4, 3, 3] }),
    /diffusion model .* with 8 blocks/,
  ],
  [
    { 'decoder.conv_in.weight': [4, 4, 3, 3], ...times(4, { 'encoder.down_blocks.#.resnets.0.conv1.weight': [4, 4, 3, 3] }) },
    /the autoencoder of a diffusion model/,
  ],
  [times(7, { 'unet.blocks.#.attn.lora_A.weight': [4, 8], 'unet.blocks.#.attn.lora_B.weight': [8, 4] }), /a LoRA adapter of 7 layers/],
  [
    { 'main.0.weight': [100, 512, 4, 4], 'main.3.weight': [512, 256, 4, 4], 'main.6.weight': [256, 3, 4, 4] },
    /a DCGAN generator with 3 layers, which makes pictures of 100 random numbers/,
  ],
  [{ 'main.0.weight': [64, 3, 4, 4], 'main.2.weight': [1, 64, 4, 4] }, /a DCGAN discriminator with 2 layers/],
  [{ ...times(8, { 'mapping.fc#.weight': [512, 512] }), 'synthesis.b4.conv1.weight': [8, 8, 3, 3] }, /a StyleGAN generator/],
  [times(23, { 'RRDB_trunk.#.RDB1.conv1.weight': [32, 64, 3, 3] }), /an ESRGAN generator with 23/],
  [
    { 'inc.double_conv.0.weight': [64, 3, 3, 3], ...times(4, { 'up#.conv.double_conv.0.weight': [4, 4, 3, 3] }, 1) },
    /a U-Net of another kind, with 4 levels up/,
  ],
  [{ 'up_0.norm_0.mlp_gamma.weight': [4, 4, 3, 3] }, /a SPADE \(GauGAN\) generator with 1 modulated norm/],
  [times(12, attention), /a transformer with 12 blocks/],
  [{ 'state.0.exp_avg': [3], 'state.0.exp_avg_sq': [3] }, /the state of an optimiser for 1 tensor, without a network/],
];

test('networks of other kinds are called what they are, under any prefix', async () => {
  for (const [shapes, words] of kinds) {
    for (const prefix of ['', 'module.', 'netG.module.'])
      await refuses(() => networksIn(of(shapes, prefix)), 'WEIGHTS_UNSUPPORTED', words, /fix: name the weights/);
    const lines = describeFile(of(shapes)).join('\n');
    assert.match(lines, words);
    assert.not.match(lines, /fix:|shadegrad inspect/);
  }
});

test('names that begin like a PatchGAN or U-Net do not hide what a network is', async () => {
  // A discriminator-like beginning, with kernels of another size.
  await refuses(
    () =>
      networksIn(
        of({
          'model.0.weight': [64, 3, 3, 3],
          'model.2.weight': [64, 64, 3, 3],
          'conv1.weight': [4, 3, 7, 7],
          'layer1.0.conv1.weight': [4, 4, 3, 3],
        }),
      ),
    'WEIGHTS_UNSUPPORTED',
    /classifies images/,
  );
  await refuses(
    () => networksIn(of({ 'model.0.weight': [64, 3, 3, 3], 'model.2.weight': [64, 64, 3, 3] })),
    'WEIGHTS_UNSUPPORTED',
    /"model\.0\.weight"/,
    /4 x 4 kernels/,
  );
});

test('names of any length come to an end, and hide no network that has sound ones', async () => {
  const long = (text: string): string => text.repeat(Math.ceil(5e6 / text.length));
  const parts = [
    'h.1.',
    'layers.1.x.',
    '.lora_A',
    '.lora_A.x.',
    'encoder.down.1',
    'decoder.up_blocks.1.',
    'down_blocks.1.',
    'model.1.',
    'a',
    '.',
    '\u0000',
  ];
  const hostile = Object.fromEntries(parts.map((part) => [long(part), [4, 4, 3, 3]]));
  await refuses(() => networksIn(of(hostile)), 'WEIGHTS_UNSUPPORTED', /no network that is known here[^]*11 tensors, such as "h\.1\./);
  assert.match(describeFile(of(hostile)).join('\n'), /no network that can be run here/);
  await refuses(() => networksIn(of({ ...hostile, ...times(12, attention) })), 'WEIGHTS_UNSUPPORTED', /a transformer with 12 blocks/);
});

test('of what nobody knows the tensors are counted', async () => {
  await refuses(
    () => networksIn(of({ a: [4, 4, 3, 3], b: [4, 4], c: [4], d: [4] })),
    'WEIGHTS_UNSUPPORTED',
    /no network that is known here/,
    /4 tensors, such as "a", "b", "c"; 1 kernels of convolutions, 1 matrices, 2 vectors/,
  );
  await refuses(() => networksIn(of({})), 'WEIGHTS_UNSUPPORTED', /0 tensors/);
});

test('a sound network is taken out of a file whose other one is of another kind', async () => {
  const generator = referenceStateDict(formulaNetwork({ kind: 'unet', options: { size: 16, ngf: 2 } }), { prefix: 'G.' });
  const odd = [
    { name: 'D.model.0.weight', shape: [64, 6, 3, 3], read: async () => new Float32Array(64 * 54) },
    { name: 'D.model.2.weight', shape: [1, 64, 3, 3], read: async () => new Float32Array(64 * 9) },
  ];
  const file = fileOf([...generator, ...odd]);
  assert.equal(
    networksIn(file).map(({ role }) => role),
    ['generator'],
  );
  assert.equal(
    surveyNetworks(file).refused.map(({ role }) => role),
    ['discriminator'],
  );
  assert.is(findNetwork(file).role, 'generator');
  await refuses(() => findNetwork(file, 'discriminator'), 'WEIGHTS_UNSUPPORTED', /4 x 4 kernels/);
  assert.match(describeFile(file).join('\n'), /generator: U-Net[^]*no discriminator that can be run here/);
});

test('a discriminator where a generator is needed says which file to name', async () => {
  const file = fileOf(referenceStateDict(formulaNetwork({ kind: 'patchgan', options: { ndf: 2 } })));
  await refuses(() => findNetwork(file, 'generator'), 'WEIGHTS_MISMATCH', /holds no generator/, /a discriminator/, /latest_net_G\.pth/);
});

test.run();
