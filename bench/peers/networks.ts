/** What a library needs to run pix2pix's networks: operations on its own tensors T; weights go by full name. */
export interface NetworkOps<T> {
  convolve(x: T, name: string, stride: number, bias: boolean): T;
  /** 4 x 4, stride 2. */
  convolveTransposed(x: T, name: string, bias: boolean): T;
  /** By the statistics of the batch. */
  norm(x: T, name: string): T;
  leakyRelu(x: T): T;
  relu(x: T): T;
  tanh(x: T): T;
  /** Along the channels. */
  concat(a: T, b: T): T;
}

/** The generator of models/unet.ts without dropout, with its parameters' names. */
export function unetForward<T>(ops: NetworkOps<T>, x: T, size: number): T {
  const levels = Math.log2(size);
  const block = (input: T, prefix: string, level: number): T => {
    const innermost = level === levels;
    const down = ops.convolve(ops.leakyRelu(input), `${prefix}.model.1`, 2, false);
    const inside = innermost ? down : block(ops.norm(down, `${prefix}.model.2`), `${prefix}.model.3`, level + 1);
    const up = ops.convolveTransposed(ops.relu(inside), `${prefix}.model.${innermost ? 3 : 5}`, false);
    return ops.concat(input, ops.norm(up, `${prefix}.model.${innermost ? 4 : 6}`));
  };
  const inside = block(ops.convolve(x, 'model.model.0', 2, false), 'model.model.1', 2);
  return ops.tanh(ops.convolveTransposed(ops.relu(inside), 'model.model.3', true));
}

/** The discriminator of models/patchgan.ts with three stride-2 layers; logits. */
export function patchganForward<T>(ops: NetworkOps<T>, x: T): T {
  let features = ops.leakyRelu(ops.convolve(x, 'model.0', 2, true));
  for (const [conv, stride] of [
    [2, 2],
    [5, 2],
    [8, 1],
  ] as const) {
    features = ops.leakyRelu(ops.norm(ops.convolve(features, `model.${conv}`, stride, false), `model.${conv + 1}`));
  }
  return ops.convolve(features, 'model.11', 1, true);
}
