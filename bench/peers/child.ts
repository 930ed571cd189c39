import { performance } from 'node:perf_hooks';
import type { PeerCase } from './cases.js';
import { openJax } from './jax.js';
import { openOnnxRuntime } from './onnxruntime.js';
import { openOurs } from './ours.js';
import type { Peer, PeerName, Prepared } from './peer.js';
import { openPyTorch } from './pytorch.js';
import { openTensorFlow } from './tensorflow.js';

/** What the parent asks of a peer's process, one thing at a time. */
export type Request =
  | { readonly ask: 'open' | 'release' }
  | { readonly ask: 'prepare'; readonly peerCase: PeerCase }
  | { readonly ask: 'run'; readonly times: number };

/** `result` answers prepare (null: no such operation), `ms` answers run. */
export interface Answer {
  readonly error?: string;
  readonly result?: Float32Array | null;
  readonly ms?: number;
}

const OPEN: Record<PeerName, (adapter: string | undefined) => Promise<Peer>> = {
  shadegrad: openOurs,
  tensorflow: openTensorFlow,
  jax: openJax,
  onnxruntime: openOnnxRuntime,
  'pytorch-cpu': () => openPyTorch('pytorch-cpu'),
  'pytorch-cuda': () => openPyTorch('pytorch-cuda'),
  'pytorch-cuda-tf32': () => openPyTorch('pytorch-cuda-tf32'),
};

/** Serves one peer until the parent goes away. */
export function serve(name: PeerName, adapter: string | undefined): void {
  let peer: Peer;
  let prepared: Prepared | null = null;
  const answer = async (request: Request): Promise<Answer> => {
    switch (request.ask) {
      case 'open':
        peer = await OPEN[name](adapter);
        return {};
      case 'prepare':
        prepared = await peer.prepare(request.peerCase);
        return { result: prepared && (await prepared.result()) };
      case 'run': {
        const begin = performance.now();
        await prepared!.run(request.times);
        return { ms: performance.now() - begin };
      }
      case 'release':
        await prepared?.dispose();
        prepared = null;
        return {};
    }
  };
  process.on('message', (request: Request) => {
    answer(request)
      .catch((error: unknown): Answer => ({ error: error instanceof Error ? error.message || error.name : String(error) }))
      .then((reply) => process.send!(reply));
  });
  process.on('disconnect', () => process.exit(0));
}
