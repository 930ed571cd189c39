import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { StoredTensor, WeightFile } from '../../src/formats/weight-file.js';
import { encodeSafetensors } from '../../src/formats/safetensors-file.js';
import { ShadegradError, type ErrorCode } from '../../src/errors.js';
import { loadNetwork } from '../../src/exchange/network/load-network.js';
import { buildNetwork, networkKind } from '../../src/models/registry.js';
import type { NetworkArchitecture } from '../../src/models/kind.js';
import { encodeNetwork } from '../../src/exchange/network-file.js';
import { findNetwork, findRun, hasRun, networksIn, type FoundNetwork } from '../../src/exchange/read-weights.js';
import { encodeWeights } from '../../src/exchange/write-weights.js';
import { libraryShape, referenceShape, toLibraryLayout, toReferenceLayout } from '../../src/exchange/network/reference-layout.js';
import { referenceNetwork, referenceStateDict } from '../../src/exchange/pytorch/reference-network.js';
import type { UNet } from '../../src/models/unet.js';
import { noGrad } from '../../src/autograd/graph.js';
import { Tensor } from '../../src/tensor/tensor.js';
import family from '../goldens/family_networks.json';
import gans from '../goldens/gan_networks.json';
import golden from '../goldens/reference_networks.json';
import stateDict from '../goldens/state_dict.json';
import { elementCount, generate, values } from '../harness/deterministic.js';
import { assertClose, float32 } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { fileOf, formulaNetwork, formulaRange, openBytes } from '../harness/weights.js';

const gpu = await testGpu();

type State = readonly (readonly [name: string, shape: readonly number[]])[];
type Case = (typeof golden.cases)[number] | (typeof family.cases)[number] | (typeof gans.cases)[number];
const CASES: readonly Case[] = [...golden.cases, ...family.cases, ...gans.cases];
const stateOf = (state: Case['state']): State => state as unknown as State;

/** A state dict whose numbers follow from the names, as the golden's script fills it, in PyTorch's layout. */
function stored(state: State, prefix = ''): StoredTensor[] {
  return state.map(([name, shape]) => ({
    name: prefix + name,
    shape,
    dtype: shape.length === 0 ? 'i64' : 'f32',
    read: async () => {
      if (shape.length === 0) return Float32Array.of(3);
      return values(name, elementCount(shape), ...formulaRange(name, shape));
    },
  }));
}

function refused(work: () => unknown, code: ErrorCode, ...words: RegExp[]): void {
  let caught: unknown;
  try {
    work();
  } catch (error) {
    caught = error;
  }
  assert.instance(caught, ShadegradError, `not refused, or failed with ${String(caught)}`);
  assert.is((caught as ShadegradError).code, code, (caught as ShadegradError).message);
  for (const word of [/fix: /, ...words]) assert.match((caught as ShadegradError).message, word);
}

const normOf = ({ options }: Pick<Case, 'options'>): unknown => ('norm' in options ? options.norm : null);

/** What the reference calls an old instance norm is one for those who run it. */
const wantedOptions = ({ kind, options }: Case): Record<string, unknown> => ({
  ...options,
  ...(normOf({ options }) === 'old instance' && { norm: 'instance' }),
  ...(kind === 'unet' && { dropoutBlocks: 'middle' }),
});
const title = ({ kind, options }: Case): string => `${kind} ${JSON.stringify(options)}`;

test("weights turn round to PyTorch's layout and back", () => {
  const shape = [4, 3, 2, 5];
  const ours = Float32Array.from({ length: 120 }, (_, i) => i);
  assert.equal(referenceShape(shape), [5, 2, 4, 3]);
  assert.equal(libraryShape([5, 2, 4, 3]), shape);
  const theirs = toReferenceLayout(ours, shape);
  const [h, w, i, o] = [3, 1, 1, 4];
  assert.is(theirs[((o * 2 + i) * 4 + h) * 3 + w], ((h * 3 + w) * 2 + i) * 5 + o);
  assert.equal(toLibraryLayout(theirs, [5, 2, 4, 3]), ours);
  assert.is(toReferenceLayout(ours, [120]), ours, 'nothing else is touched');
});

test("the architecture of every variant is read off its names, and its outputs are PyTorch's", async () => {
  for (const each of CASES) {
    const weights = referenceNetwork(fileOf(stored(stateOf(each.state))));
    assert.is(weights.architecture.kind, each.kind);
    assert.equal(weights.architecture.options, wantedOptions(each), title(each));
    const network = await loadNetwork(gpu, weights);
    const input = Tensor.from(gpu, generate(each.input), each.input.shape);
    const output = noGrad(() => (network as UNet).forward(input, { training: false, dropout: false, statistics: 'batch' }));
    assert.equal([...output.shape], each.output.shape, title(each));
    assertClose(await output.data(), float32(each.output), { absolute: 1e-4, relative: 1e-4, label: title(each) });
    for (const part of [network, input, output]) part.dispose();
  }
});

test('the networks of every size come out of the names of their state dicts', () => {
  for (const { size, parameters, buffers, parameterCount } of stateDict.generators) {
    const { architecture } = referenceNetwork(fileOf(stored([...parameters, ...buffers] as unknown as State)));
    assert.equal(architecture, {
      kind: 'unet',
      options: { size, inChannels: 3, outChannels: 3, ngf: 64, norm: 'batch', dropoutBlocks: 'middle' },
    });
    assert.is(buildNetwork(architecture).parameterCount, parameterCount);
  }
  const { parameters, buffers } = stateDict.discriminator;
  assert.equal(referenceNetwork(fileOf(stored([...parameters, ...buffers] as unknown as State))).architecture, {
    kind: 'patchgan',
    options: { inChannels: 6, ndf: 64, layers: 3, norm: 'batch' },
  });
});

test("the way back gives PyTorch's names, in its order, with its shapes and numbers", async () => {
  for (const each of CASES) {
    const state = stateOf(each.state);
    const back = referenceStateDict(referenceNetwork(fileOf(stored(state))), { batches: 3 });
    // What an old instance norm kept is of no use to a new one.
    const kept = normOf(each) === 'old instance' ? state.filter(([name]) => !/running_|num_batches/.test(name)) : state;
    assert.equal(
      back.map(({ name, shape }) => [name, [...shape]]),
      kept,
      title(each),
    );
    for (const [index, tensor] of stored(kept).entries()) {
      assert.equal(await back[index]!.read(), await tensor.read(), `${title(each)} ${tensor.name}`);
      assert.is(back[index]!.dtype, tensor.dtype === 'i64' ? 'i64' : undefined);
    }
    assert.equal(
      kept.map(([name]) => name).filter((name) => each.parameters.includes(name)),
      each.parameters,
      'the order of parameters(), which optimisers number',
    );
    const ours = buildNetwork({ kind: each.kind, options: wantedOptions(each) } as unknown as NetworkArchitecture);
    const trainable = [...ours.namedTensors()].filter(([, tensor]) => tensor.trainable);
    assert.equal(
      trainable.map(([name]) => name),
      each.parameters,
      'ours is the same',
    );
  }
});

test('whatever stands before the names, DataParallel\'s "module." too', () => {
  const [unet, patchgan] = [golden.cases.find(({ kind }) => kind === 'unet')!, golden.cases.find(({ kind }) => kind === 'patchgan')!];
  for (const prefix of ['module.', 'model.', 'netG.module.', 'state_dict.', '_orig_mod.']) {
    for (const each of [unet, patchgan]) {
      const file = fileOf(stored(stateOf(each.state), prefix));
      assert.equal(referenceNetwork(file).architecture.options, wantedOptions(each), prefix);
      assert.is(networksIn(file)[0]!.prefix, prefix);
    }
  }
  const both = fileOf([
    ...stored(stateOf(patchgan.state), 'd.'),
    ...stored(stateOf(unet.state), 'g.'),
    { name: 'step', shape: [], read: async () => Float32Array.of(1) },
  ]);
  assert.equal(
    networksIn(both).map(({ role, prefix }) => [role, prefix]),
    [
      ['generator', 'g.'],
      ['discriminator', 'd.'],
    ],
  );
  assert.is(referenceNetwork(both, 'd.').architecture.kind, 'patchgan');
  refused(() => referenceNetwork(both), 'WEIGHTS_MISMATCH', /"g\."/, /"d\."/);
  assert.is(findNetwork(both).role, 'generator');
  refused(
    () => findNetwork(fileOf([...stored(stateOf(unet.state), 'a.'), ...stored(stateOf(unet.state), 'b.')])),
    'WEIGHTS_MISMATCH',
    /several generators/,
  );
  refused(() => findNetwork(fileOf(stored(stateOf(unet.state))), 'discriminator'), 'WEIGHTS_MISMATCH', /no discriminator/);
});

test('other networks, and networks with a part missing, spare or misshapen, are refused', () => {
  const unet = stateOf(golden.cases.find(({ kind }) => kind === 'unet')!.state);
  const change = (edit: (state: [string, number[]][]) => unknown[]): WeightFile =>
    fileOf(stored(edit(unet.map(([name, shape]) => [name, [...shape]])) as unknown as State));
  refused(() => networksIn(fileOf([])), 'WEIGHTS_UNSUPPORTED', /0 tensors/);
  refused(
    () =>
      networksIn(
        fileOf(
          stored([
            ['model.1.weight', [64, 3, 7, 7]],
            ['model.4.weight', [128, 64, 3, 3]],
          ]),
        ),
      ),
    'WEIGHTS_UNSUPPORTED',
    /model\.1\.weight/,
    /pytorch-CycleGAN/,
  );
  refused(
    () => networksIn(change((state) => state.filter(([name]) => name !== 'model.model.1.model.2.weight'))),
    'WEIGHTS_UNSUPPORTED',
    /norm/,
  );
  refused(
    () => networksIn(change((state) => state.filter(([name]) => !/1\.model\.3\.model\.1\.weight/.test(name)))),
    'WEIGHTS_UNSUPPORTED',
  );
  refused(
    () => networksIn(change((state) => state.filter(([name]) => name !== 'model.model.3.bias'))),
    'WEIGHTS_MISMATCH',
    /model\.model\.3\.bias/,
    /missing/,
  );
  refused(() => networksIn(change((state) => [...state, ['model.model.9.weight', [3]]])), 'WEIGHTS_MISMATCH', /no place/);
  refused(
    () =>
      networksIn(
        change((state) =>
          state.map(([name, shape]) => [name, name === 'model.model.1.model.5.weight' ? [...shape.slice(0, 1), 7, 4, 4] : shape]),
        ),
      ),
    'WEIGHTS_MISMATCH',
    /\[\d+, 7, 4, 4\]/,
  );
  refused(
    () => networksIn(change((state) => state.map(([name, shape]) => [name, name === 'model.model.0.weight' ? [0, 0, 4, 4] : shape]))),
    'WEIGHTS_UNSUPPORTED',
  );
  refused(
    () => networksIn(change((state) => state.map(([name, shape]) => [name, name === 'model.model.0.weight' ? [3, 1, 3, 3] : shape]))),
    'WEIGHTS_UNSUPPORTED',
    /4 x 4/,
  );
});

test("a network's own file comes back to the bit, in either layout, with its options", async () => {
  const architectures: NetworkArchitecture[] = [
    {
      kind: 'unet',
      options: {
        size: 16,
        ngf: 2,
        inChannels: 1,
        outChannels: 2,
        dropout: 0.25,
        norm: 'batch',
        bias: 'everywhere',
        epsilon: 1e-3,
        slope: 0.3,
        innermostNorm: true,
        skip: 'leaky',
      },
    },
    { kind: 'unet', options: { size: 16, ngf: 2, inChannels: 3, outChannels: 3, norm: 'none' } },
    { kind: 'patchgan', options: { inChannels: 6, ndf: 2, layers: 2, norm: 'instance' } },
  ];
  for (const architecture of architectures) {
    const original = formulaNetwork(architecture);
    for (const layout of ['shadegrad', 'pytorch'] as const) {
      const file = await openBytes(encodeNetwork(original, { layout, statistics: 'running' }));
      const { weights, statistics, origin } = findNetwork(file);
      assert.equal(weights.architecture, architecture);
      assert.equal([statistics, origin], ['running', 'shadegrad network']);
      assert.equal([...weights.tensors.keys()], [...original.tensors.keys()]);
      for (const [name, tensor] of original.tensors) {
        assert.equal([...weights.tensors.get(name)!.shape], [...tensor.shape]);
        assert.equal(await weights.tensors.get(name)!.read(), await tensor.read(), name);
      }
    }
  }
});

test('a description that makes no sense is refused', async () => {
  const weights = formulaNetwork({ kind: 'patchgan', options: { inChannels: 2, ndf: 1, layers: 1 } });
  const described = async (change: (description: Record<string, unknown>) => unknown): Promise<WeightFile> => {
    const { tensors, metadata } = await openBytes(encodeNetwork(weights));
    const description = change(JSON.parse(metadata.get('shadegrad')!) as Record<string, unknown>);
    return openBytes(encodeSafetensors(tensors.values(), { metadata: { shadegrad: JSON.stringify(description) } }));
  };
  networksIn(await described((same) => same));
  const cases: [(description: Record<string, unknown>) => unknown, ErrorCode, RegExp][] = [
    [(d) => ({ ...d, formatVersion: 2 }), 'WEIGHTS_UNSUPPORTED', /version 2/],
    [(d) => ({ ...d, layout: 'nchw' }), 'WEIGHTS_CORRUPT', /description/],
    [(d) => ({ ...d, architecture: { kind: 7, options: {} } }), 'WEIGHTS_CORRUPT', /description/],
    [(d) => ({ ...d, architecture: { kind: 'transformer', options: {} } }), 'WEIGHTS_UNSUPPORTED', /registerNetwork/],
    [(d) => ({ ...d, architecture: { kind: 'patchgan', options: { layers: 1e9 } } }), 'WEIGHTS_CORRUPT', /layers/],
    [(d) => ({ ...d, architecture: { kind: 'unet', options: { size: 17 } } }), 'WEIGHTS_CORRUPT', /size/],
    [
      (d) => ({ ...d, architecture: { kind: 'patchgan', options: { inChannels: 2, ndf: 2, layers: 1 } } }),
      'WEIGHTS_MISMATCH',
      /model\.0\.weight/,
    ],
    [(d) => ({ ...d, architecture: { kind: 'patchgan', options: { inChannels: 2, ndf: 1, layers: 2 } } }), 'WEIGHTS_MISMATCH', /missing/],
  ];
  for (const [change, code, word] of cases) {
    const file = await described(change);
    refused(() => networksIn(file), code, word);
  }
  const resnet = { architecture: { kind: 'resnet', options: {} } };
  for (const imageSize of [[4, 64], [64, 4], [10, 12], [0, 0], [8], 64, null, '8 x 8', [8, 2 ** 20]]) {
    const file = await described((d) => ({ ...d, ...resnet, imageSize }));
    refused(() => networksIn(file), 'WEIGHTS_CORRUPT', /imageSize.*multiples of 4 from 8 to 65536/, /received: (?!.*layout)/);
  }
});

test('a path in the place of an opened file, and a found network in the place of its weights, are refused', async () => {
  for (const [wrong, received] of [
    ['model.pth', /'model\.pth'/],
    [undefined, /undefined/],
    [{ file: {}, path: '', close: 1 }, /file, path, close/],
  ] as const) {
    for (const look of [networksIn, findNetwork, hasRun]) {
      refused(() => look(wrong as never), 'INVALID_ARGUMENT', /openWeights/, received);
    }
    const error = (await findRun(wrong as never).catch((caught: unknown) => caught)) as ShadegradError;
    assert.is(error.code, 'INVALID_ARGUMENT');
  }
  for (const wrong of ['model.pth', { role: 'generator', weights: {} }]) {
    const error = (await loadNetwork(null as never, wrong as never).catch((caught: unknown) => caught)) as ShadegradError;
    assert.is(error.code, 'INVALID_ARGUMENT');
    assert.match(error.message, /findNetwork\(file\)\.weights/);
  }
});

test('roles, formats and options that there are not are refused before the first byte', () => {
  const found = {
    role: 'generator',
    weights: formulaNetwork({ kind: 'unet', options: { size: 16, ngf: 1 } }),
    origin: 'PyTorch names',
    statistics: 'batch',
    prefix: '',
  } as FoundNetwork;
  for (const format of ['safetensor', 'pth', 'onnx', undefined]) {
    refused(
      () => encodeWeights(found, format as never),
      'INVALID_ARGUMENT',
      /'safetensors', 'pytorch', 'pict'/,
      new RegExp(`received: ${format}`),
      /\.pth/,
    );
  }
  for (const options of [{ dtype: 'f15' }, { dtype: 'i8' }, { layout: 'torch' }, { type: 'f16' }]) {
    for (const format of ['safetensors', 'pytorch', 'pict'] as const) {
      refused(() => encodeWeights(found, format, options as never), 'INVALID_ARGUMENT', new RegExp(Object.keys(options)[0]!));
    }
  }
  for (const role of ['gen', 'G', null]) {
    refused(
      () => findNetwork(fileOf([]), role as never),
      'INVALID_ARGUMENT',
      /'generator' or 'discriminator'/,
      new RegExp(`received: ${role}`),
    );
  }
});

test('options that a .pth does not say and PyTorch does not have are refused before the first byte; whether U-Nets drop is written', () => {
  const found = (kind: string, options: object): FoundNetwork => ({
    role: networkKind(kind).role,
    weights: formulaNetwork({ kind, options }),
    origin: 'shadegrad network',
    statistics: 'batch',
    prefix: '',
  });
  const small = { size: 16, ngf: 1 };
  const cases: [kind: string, options: object, expected: RegExp, received: RegExp][] = [
    ['unet', { ...small, dropout: 0.2 }, /dropout 0\.5/, /dropout 0\.2/],
    ['encoder-decoder', { ...small, dropout: 0.2 }, /dropout 0\.5/, /dropout 0\.2/],
    ['resnet', { ngf: 1, blocks: 1, dropout: 0.2 }, /dropout 0\.5/, /dropout 0\.2/],
    ['resnet', { ngf: 1, blocks: 1, epsilon: 1e-3 }, /epsilon 0\.00001/, /epsilon 0\.001/],
    ['unet', { ...small, skip: 'leaky', slope: 0.3 }, /slope 0\.2.*skip relu/, /slope 0\.3.*skip leaky/],
    ['unet', { ...small, norm: 'none', bias: 'everywhere' }, /norm instance/, /norm none/],
    ['unet', { ...small, norm: 'instance', bias: 'ends' }, /norm none/, /norm instance/],
    ['unet', { ...small, bias: 'everywhere' }, /batch norm/, /biases everywhere/],
    ['patchgan', { ndf: 1, layers: 1, bias: 'everywhere' }, /batch norm/, /biases everywhere/],
  ];
  for (const [kind, options, expected, received] of cases) {
    const error = new RegExp(`expected: .*${expected.source}.*\\n.*received: .*${received.source}.*\\n.*fix: .*\\.safetensors`);
    refused(() => encodeWeights(found(kind, options), 'pytorch'), 'WEIGHTS_UNSUPPORTED', error);
  }
  const taken: [kind: string, options: object][] = [
    ['unet', { ...small, dropout: 0 }],
    ['unet', { ...small, dropoutBlocks: 'innermost' }],
    ['encoder-decoder', { ...small, dropout: 0 }],
    ['resnet', { ngf: 1, blocks: 1, dropout: 0.5 }],
    ['patchgan', { ndf: 1, norm: 'none' }],
    ['pixelgan', { ndf: 1, norm: 'instance' }],
  ];
  for (const [kind, options] of taken) encodeWeights(found(kind, options), 'pytorch');
});

test.run();
