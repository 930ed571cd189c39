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

/** What a library needs to run CycleGAN's generator. */
export interface ResNetOps<T> {
  /** Mirrors the pixels beside the border, `margin` of them on each side. */
  reflect(x: T, margin: number): T;
  /** With a bias. */
  convolve(x: T, name: string, stride: number, padding: number): T;
  /** 3 x 3, twice the size, with a bias. */
  convolveTransposed(x: T, name: string): T;
  /** By the statistics of each image, without parameters. */
  norm(x: T): T;
  relu(x: T): T;
  tanh(x: T): T;
  add(a: T, b: T): T;
}

/** The generator of models/resnet.ts with nine blocks and instance norm, with its parameters' names. */
export function resnetForward<T>(ops: ResNetOps<T>, x: T): T {
  const blocks = 9;
  const normed = (y: T): T => ops.relu(ops.norm(y));
  let features = normed(ops.convolve(ops.reflect(x, 3), 'model.1', 1, 0));
  for (const place of [4, 7]) features = normed(ops.convolve(features, `model.${place}`, 2, 1));
  for (let block = 0; block < blocks; block++) {
    const layer = (y: T, place: number): T => ops.norm(ops.convolve(ops.reflect(y, 1), `model.${10 + block}.conv_block.${place}`, 1, 0));
    features = ops.add(features, layer(ops.relu(layer(features, 1)), 5));
  }
  for (const place of [10 + blocks, 13 + blocks]) features = normed(ops.convolveTransposed(features, `model.${place}`));
  return ops.tanh(ops.convolve(ops.reflect(features, 3), `model.${17 + blocks}`, 1, 0));
}
