/**
 * @typedef {object} LeanEntry a bundle of its own with less in it
 * @property {boolean} gradients whether its operations have gradients
 * @property {Record<string, string>} [replaced] modules of src/ by those that take their places
 * @property {Record<string, Record<string, string[]>>} [rows] what is left of lists, by module and name
 * @property {Record<string, Record<string, string>>} [bodies] what functions do instead, by module and name
 * @property {Record<string, string[]>} [classes] that cannot be made, by module
 * @property {boolean} [help] whether rows of options have the texts of the command line. Default true
 * @property {string[]} [networkParts] parts of the rows of networks that are left out
 * @property {string[]} [shaders] those that are left out
 */

/** What a function does that a lean entry does without. */
export const ABSENT = `throw new Error("this is not in the small bundle: import it from 'shadegrad'");`;
const absent = ABSENT;

/** Ways to convolve that are taken on no adapter of a browser until a tuner has found them faster. */
const TUNED = {
  'kernels/subgroups.ts': { knownSubgroupSize: 'return null;', subgroupsPay: 'return false;' },
  'kernels/conv2d/variants.ts': { cheapest: 'return "subgroup";' },
  'kernels/conv2d/winograd.ts': {
    supportsWinograd: 'return false;',
    ...{ winogradForward: absent, winogradInputGrad: absent, winogradWeightGrad: absent },
  },
  'kernels/conv2d/patches.ts': {
    supportsPatches: 'return false;',
    ...{ patchesForward: absent, patchesInputGrad: absent, patchesWeightGrad: absent },
  },
};

/** No network of the library has grouped or dilated convolutions. */
const OTHER_CONVOLUTIONS = {
  'autograd/ops/direct-convolution.ts': { directConv2d: absent, directConvTranspose2d: absent },
  'autograd/ops/dilated-convolution.ts': { dilatedConv2d: absent },
};

/** @type {Record<string, LeanEntry>} */
export const LEAN_ENTRIES = {
  translate: {
    gradients: false,
    replaced: { 'exchange/network/network-facts.ts': 'exchange/network/picture-facts.ts' },
    // A program names the networks that it opens.
    rows: {
      'models/registry.ts': { rows: [] },
      // Pages and pointers in the place of a file are told still.
      'formats/stranger.ts': { MAGICS: [] },
    },
    networkParts: ['describe', 'exampleInput', 'chosen', 'pytorch', 'layerModel'],
    bodies: {
      ...OTHER_CONVOLUTIONS,
      ...TUNED,
      // Weights come out of a file, whole: loadNetwork() checks that.
      'kernels/random.ts': { fillNormal: '', fillUniform: '' },
      'nn/initializers.ts': { kaimingUniform: 'return () => {};', defaultBias: 'return () => {};' },
      // fitNetwork() has compared them, and rows are the library's own.
      'exchange/network/load-network.ts': { checkTensors: '' },
      'models/registry.ts': { registerNetwork: 'rows.push(row);' },
      'nn/state-dict.ts': { loadState: absent, readState: absent },
      'kernels/batch-norm.ts': { updateRunningStatistics: '' },
      'kernels/conv2d/variants.ts': { ...TUNED['kernels/conv2d/variants.ts'], chooseWeightGradVariant: absent },
    },
    shaders: ['conv2d_forward_subgroup.wgsl', 'conv2d_input_grad_subgroup.wgsl'],
  },
  pix2pix: {
    gradients: true,
    replaced: { 'exchange/network/network-facts.ts': 'exchange/network/picture-facts.ts' },
    rows: {
      'models/registry.ts': { rows: ['UNET', 'PATCHGAN'] },
      'training/augmentations/registry.ts': { AUGMENTATIONS: [] },
      'training/fits/registry.ts': { FITS: ['resize'] },
      'training/ensembles.ts': { ENSEMBLES: [] },
    },
    networkParts: ['describe', 'exampleInput', 'pytorch', 'layerModel'],
    bodies: {
      ...OTHER_CONVOLUTIONS,
      ...TUNED,
      'data/codings/options.ts': { codingsOf: 'return null;', readingsOf: 'return {};' },
      'kernels/image-values.ts': { numbersJitter: absent, classesJitter: absent },
      'optim/clip.ts': { clipGradNorm: absent },
      'nn/initializers.ts': { orthogonalMatrix: absent },
      'models/registry.ts': { registerNetwork: absent },
      'exchange/pytorch/reference-network.ts': { referenceStateDict: absent },
      // Schemes and rules are the library's own.
      'training/scheme-check.ts': { expectScheme: '' },
      'autograd/rule-results.ts': { expectGradients: '' },
      'nn/state-dict.ts': { loadState: absent },
    },
    classes: { 'kernels/loss-scale.ts': ['LossScale'], 'training/averages.ts': ['Averages'] },
    help: false,
    shaders: ['conv2d_forward_subgroup.wgsl', 'conv2d_input_grad_subgroup.wgsl', 'conv2d_weight_grad_subgroup.wgsl'],
  },
};
