// first driver only: it holds whole networks against PyTorch and onnxruntime; other files run their operations on all
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { noGrad } from '../../src/autograd/graph.js';
import { loadNetwork } from '../../src/exchange/network/load-network.js';
import { buildNetwork } from '../../src/models/registry.js';
import { pytorchStateDict } from '../../src/exchange/pytorch/pytorch-run.js';
import { findNetwork } from '../../src/exchange/read-weights.js';
import type { NetworkArchitecture } from '../../src/models/kind.js';
import { libraryTensor } from '../../src/exchange/network/fit-network.js';
import { referenceShape } from '../../src/exchange/network/reference-layout.js';
import { encodePyTorch } from '../../src/formats/pytorch-write.js';
import { encodeNetwork } from '../../src/exchange/network-file.js';
import { writeFileAtomic } from '../../src/node/files/atomic.js';
import { openWeights } from '../../src/node/weights/read.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/reference_networks.json';
import { elementCount, generate, values } from '../harness/deterministic.js';
import { assertMatchesSummary, type ArraySummary } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { temporaryFolder } from '../harness/program.js';

const gpu = await testGpu();
const folder = temporaryFolder('whole-model');
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** The golden's weights, whose formula runs in PyTorch's layout. */
function goldenWeights(architecture: NetworkArchitecture) {
  const tensors = [...buildNetwork(architecture).namedTensors()].map(([name, tensor]) => {
    const shape = referenceShape(tensor.shape);
    const [scale, offset] = name.endsWith('running_var') ? [0.5, 1] : shape.length === 4 ? [0.1, 0] : [0.2, 0.5];
    return [name, libraryTensor({ shape, read: async () => values(name, elementCount(shape), scale, offset) })] as const;
  });
  return { architecture, tensors: new Map(tensors) };
}

for (const { kind, width, input: given, output: expected } of golden.whole) {
  test(`a ${kind} of width ${width} at 256 x 256, through a .pth and a .safetensors, computes what PyTorch does within 1e-4`, async () => {
    const architecture = (
      kind === 'unet' ? { kind, options: { size: 256, ngf: width } } : { kind, options: { ndf: width } }
    ) as NetworkArchitecture;
    const weights = goldenWeights(architecture);
    for (const [name, encoded] of [
      ['model.pth', encodePyTorch(pytorchStateDict(weights))],
      ['model.safetensors', encodeNetwork(weights, { layout: 'pytorch' })],
    ] as const) {
      const path = join(folder, name);
      await writeFileAtomic(path, encoded);
      const { file, close } = await openWeights(path);
      const network = await loadNetwork(gpu, findNetwork(file).weights);
      await close();
      const input = Tensor.from(gpu, generate(given), given.shape);
      const output = gpu.scope(() => noGrad(() => network.forward(input, { training: false, dropout: false, statistics: 'batch' })));
      assertMatchesSummary(await output.data(), expected as ArraySummary, { relative: 1e-4, label: `${name}, width ${width}` });
      for (const part of [output, input, network]) part.dispose();
      gpu.trim();
    }
  });
}

test.run();
