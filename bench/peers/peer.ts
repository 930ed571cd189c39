import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Dawn } from '../../src/node/adapter/dawn.js';
import type { PeerCase } from './cases.js';

/** One case made ready in one library: weights and inputs on the device. */
export interface Prepared {
  /** Runs the case `times` times and returns when the device is done. */
  run(times: number): Promise<void>;
  /** The result of one run on the initial weights, in shadegrad's layout. Called before run(). */
  result(): Promise<Float32Array>;
  dispose(): void | Promise<void>;
}

/** A library that is timed. */
export interface Peer {
  /** @returns null where the library has no such operation */
  prepare(peerCase: PeerCase): Promise<Prepared | null>;
}

export const PEER_NAMES = ['shadegrad', 'tensorflow', 'jax', 'onnxruntime', 'pytorch-cpu', 'pytorch-cuda', 'pytorch-cuda-tf32'] as const;
export type PeerName = (typeof PEER_NAMES)[number];

/** Packages of the peers are resolved below bench/peers, wherever the bundle lies. */
export function peerRequire(): NodeJS.Require {
  return createRequire(join(process.env.SHADEGRAD_PEERS!, 'package.json'));
}

/** Makes Dawn what browsers have as navigator.gpu, with the one chosen adapter. */
export function defineNavigator({ gpu }: Dawn): void {
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node', language: 'en' }, configurable: true, writable: true });
}

/** NCHW to NHWC, and back with the axes' lengths given in the order of the source. */
export function permute(data: Float32Array, shape: readonly number[], axes: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
  const [n0, n1, n2, n3] = axes.map((axis) => shape[axis]!) as [number, number, number, number];
  const [s0, s1, s2, s3] = axes.map((axis) => strides[axis]!) as [number, number, number, number];
  const result = new Float32Array(data.length);
  let next = 0;
  for (let a = 0; a < n0; a++)
    for (let b = 0; b < n1; b++)
      for (let c = 0; c < n2; c++) for (let d = 0; d < n3; d++) result[next++] = data[a * s0 + b * s1 + c * s2 + d * s3]!;
  return result;
}

export const TO_NCHW = [0, 3, 1, 2] as const;
export const TO_NHWC = [0, 2, 3, 1] as const;
/** [kernel h][kernel w][in][out] to [out][in][kernel h][kernel w], and for transposed ones to [in][out]... */
export const TO_OIHW = [3, 2, 0, 1] as const;
/** Back again. */
export const TO_HWIO = [2, 3, 1, 0] as const;
