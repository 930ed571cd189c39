import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { elementCount, type Shape } from '../../src/tensor/shape.js';
import {
  convOperands,
  gemmOperands,
  isTraining,
  networkImages,
  networkParameters,
  type NetworkCase,
  type Parameter,
  type PeerCase,
} from './cases.js';
import { permute, TO_HWIO, TO_NCHW, TO_NHWC, TO_OIHW, type Peer } from './peer.js';

/** Arguments of pytorch.py. */
const DEVICES = { 'pytorch-cpu': ['cpu'], 'pytorch-cuda': ['cuda'], 'pytorch-cuda-tf32': ['cuda', 'tf32'] } as const;
export type PyTorchName = keyof typeof DEVICES;

export interface PyTorchInstall {
  readonly version: string;
  readonly names: readonly PyTorchName[];
}

/** What PyTorch a Python has and where it can run; null without one. */
export function findPyTorch(python: string): PyTorchInstall | null {
  const { status, stdout } = spawnSync(python, ['-c', 'import torch; print(torch.__version__, torch.cuda.is_available())'], {
    encoding: 'utf8',
  });
  if (status !== 0) return null;
  const [version, cuda] = stdout.trim().split(/\s+/) as [string, string];
  return { version, names: cuda === 'True' ? ['pytorch-cpu', 'pytorch-cuda', 'pytorch-cuda-tf32'] : ['pytorch-cpu'] };
}

const permuted = (shape: Shape, data: Float32Array, axes: readonly number[]): Parameter => ({
  shape: axes.map((axis) => shape[axis]!),
  data: permute(data, shape, axes),
});
const imageOf = (shape: Shape, data: Float32Array): Parameter => permuted(shape, data, TO_NCHW);
const weightOf = (shape: Shape, data: Float32Array): Parameter => (shape.length === 4 ? permuted(shape, data, TO_OIHW) : { shape, data });

function networkTensors(peerCase: NetworkCase): [string, Parameter][] {
  const { source, target } = networkImages(peerCase);
  const shape = [1, peerCase.size, peerCase.size, 3];
  const tensors: [string, Parameter][] = [
    ['source', imageOf(shape, source)],
    ['target', imageOf(shape, target)],
  ];
  for (const network of peerCase.kind === 'step' ? (['G', 'D'] as const) : (['G'] as const)) {
    for (const [name, { shape: ours, data }] of networkParameters(network, peerCase))
      tensors.push([`${network}.${name}`, weightOf(ours, data)]);
  }
  return tensors;
}

interface Program {
  readonly tensors: readonly [string, Parameter][];
  readonly fields: Record<string, unknown>;
  /** Axes that bring the result into our layout; null: as it comes. */
  readonly toOurs: readonly number[] | null;
}

function programOf(peerCase: PeerCase): Program {
  if (peerCase.kind === 'gemm') {
    const shape = [peerCase.side, peerCase.side];
    const { a, b } = gemmOperands(peerCase);
    return {
      tensors: [
        ['a', { shape, data: a }],
        ['b', { shape, data: b }],
      ],
      fields: {},
      toOurs: null,
    };
  }
  if (peerCase.kind === 'conv') {
    const {
      layer: { input, weight, output, geometry },
      pass,
    } = peerCase;
    const { x, w, dy } = convOperands(peerCase);
    const tensors: [string, Parameter][] = [
      ['x', imageOf(input, x)],
      ['w', weightOf(weight, w)],
      ['dy', imageOf(output, dy)],
    ];
    return { tensors, fields: { pass, stride: geometry.stride[0] }, toOurs: pass === 'weight' ? TO_HWIO : TO_NHWC };
  }
  return { tensors: networkTensors(peerCase), fields: { size: peerCase.size }, toOurs: isTraining(peerCase) ? null : TO_NHWC };
}

interface Reply {
  readonly error?: string;
  /** Of the result, whose bytes follow. */
  readonly shape?: readonly number[];
}

/** PyTorch in a Python process: not WebGPU, but what the same machine does with vendors' libraries. */
export async function openPyTorch(name: PyTorchName): Promise<Peer> {
  const child = spawn(process.env.SHADEGRAD_PYTHON!, [join(process.env.SHADEGRAD_PEERS!, 'pytorch.py'), ...DEVICES[name]], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // A child that is gone shows as the end of its output; a write to it must not end this process first.
  child.stdin.on('error', () => {});
  const chunks = child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let pending = Buffer.alloc(0);
  const more = async (): Promise<void> => {
    const { value, done } = await chunks.next();
    if (done) throw new Error('the Python process ended');
    pending = Buffer.concat([pending, value]);
  };

  async function ask(request: object, tensors: Program['tensors'] = []): Promise<{ reply: Reply; result: Float32Array }> {
    child.stdin.write(`${JSON.stringify({ ...request, tensors: tensors.map(([tensor, { shape }]) => [tensor, shape]) })}\n`);
    for (const [, { data }] of tensors) {
      if (!child.stdin.write(Buffer.from(data.buffer, data.byteOffset, data.byteLength)))
        await Promise.race([once(child.stdin, 'drain'), once(child, 'exit')]);
    }
    while (!pending.includes(10)) await more();
    const end = pending.indexOf(10);
    const reply = JSON.parse(pending.toString('utf8', 0, end)) as Reply;
    pending = pending.subarray(end + 1);
    if (reply.error !== undefined) throw new Error(reply.error);
    const bytes = reply.shape ? 4 * elementCount(reply.shape) : 0;
    while (pending.length < bytes) await more();
    const result = new Float32Array(new Uint8Array(pending.subarray(0, bytes)).buffer);
    pending = pending.subarray(bytes);
    return { reply, result };
  }

  return {
    async prepare(peerCase) {
      const { tensors, fields, toOurs } = programOf(peerCase);
      const { kind } = peerCase;
      const { reply, result } = await ask({ ask: 'prepare', kind, runs: isTraining(peerCase) ? 2 : 1, ...fields }, tensors);
      return {
        async run(times) {
          await ask({ ask: 'run', times });
        },
        result: async () => (toOurs ? permute(result, reply.shape!, toOurs) : result),
        dispose: () => {},
      };
    },
  };
}
