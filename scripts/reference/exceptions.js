/** Types that a declaration names and that nobody has to: by file and name. */
export const NOT_EXPORTED = [
  'src/autograd/methods.ts:methods',
  'src/autograd/methods.ts:Method',
  'src/node/flags.ts:HasDefault',
  'src/node/flags.ts:ValueOf',
  // The same as autograd's, which is exported.
  'src/nn/layers/convolution.ts:Pair',
];

/** Files with names that have no docstring yet. One that is documented must leave the list, and the reference says so. */
export const UNDOCUMENTED_FILES = [
  'src/autograd/backward.ts',
  'src/autograd/graph.ts',
  'src/exchange/onnx-export.ts',
  'src/formats/onnx.ts',
  'src/nn/layers/activation.ts',
  'src/nn/layers/container.ts',
  'src/nn/layers/convolution.ts',
  'src/nn/layers/dropout.ts',
  'src/nn/layers/linear.ts',
  'src/nn/layers/normalization.ts',
  'src/nn/layers/shape.ts',
  'src/optim/adam.ts',
  'src/optim/average.ts',
  'src/optim/clip.ts',
  'src/optim/optimizer-state.ts',
  'src/optim/optimizer.ts',
  'src/optim/plateau.ts',
  'src/optim/sgd.ts',
];
