/** The command lines of the programs in this folder but that of the kernels: tables beside them, so that reading one starts nothing. */
import { powerOfTwo, type Program } from '../src/node/terminal/flags.js';
import { PEER_NAMES } from './peers/peer.js';

/** The command line of `npm run bench:step`. */
export const STEP_PROGRAM = {
  usage: 'npm run bench:step -- [flags]',
  summary: "Times a full pix2pix training step and the generator's forward pass, replayed and eager.",
  flags: [
    {
      name: 'size',
      type: 'integer',
      min: 32,
      max: 1024,
      default: 256,
      check: powerOfTwo,
      description: 'height and width of the images; a power of two',
    },
    { name: 'ngf', type: 'integer', min: 1, default: 64, description: "channels after the generator's first layer" },
    { name: 'ndf', type: 'integer', min: 1, description: "channels after the discriminator's first layer; default: as --ngf" },
    { name: 'batch', type: 'integer', min: 1, default: 1, description: 'pairs in a step' },
    {
      name: 'precision',
      type: 'choice',
      choices: ['f32', 'f16'],
      default: 'f32',
      description: 'what activations and gradients are held in',
    },
    { name: 'steps', type: 'integer', min: 1, default: 5, description: 'timed steps of each kind, after one to warm up' },
    { name: 'recompute', type: 'boolean', description: 'cheap operations run again for the gradients, so that a step needs less memory' },
    {
      name: 'direct',
      type: 'boolean',
      description: 'time the step, replayed, with the direct convolutions alone as well, in turns, and nothing else',
    },
    { name: 'tuned', type: 'boolean', description: "with the variants that npm run tune has kept, not the heuristics' alone" },
    { name: 'json', type: 'string', placeholder: 'FILE', description: 'also write the numbers to this file' },
    { name: 'trace', type: 'string', placeholder: 'FILE', description: 'also write a trace of one training step for ui.perfetto.dev' },
    {
      name: 'adapter',
      type: 'string',
      placeholder: 'NAME',
      description: 'hardware, software, lavapipe, swiftshader, or part of a name; default: the fastest',
    },
  ],
} as const satisfies Program;

/** The command line of `npm run bench:data`. */
export const DATA_PROGRAM = {
  usage: 'npm run bench:data -- [flags]',
  summary: 'Times how fast pictures are read, decoded, shrunk and brought to the device when no training step is waited for.',
  flags: [
    {
      name: 'data',
      type: 'string',
      placeholder: 'DIR',
      description: 'folder of pictures, and of folders with pictures; by default JPEGs of 512 x 512 pixels that are drawn',
    },
    {
      name: 'size',
      type: 'integer',
      min: 32,
      max: 1024,
      default: 256,
      check: (side) => (side % 2 === 0 ? undefined : 'an even number'),
      description: 'side of the pictures as they are kept',
    },
    { name: 'batch', type: 'integer', min: 1, max: 1024, default: 1, description: 'pictures in a step' },
    { name: 'seconds', type: 'number', min: 0.01, max: 600, default: 3, description: 'time for each of the four lines' },
    { name: 'json', type: 'string', placeholder: 'FILE', description: 'also write the numbers to this file' },
    {
      name: 'adapter',
      type: 'string',
      placeholder: 'NAME',
      description: 'hardware, software, lavapipe, swiftshader, or part of a name; default: the fastest',
    },
  ],
} as const satisfies Program;

/** The command line of `npm run bench:peers`. */
export const PEERS_PROGRAM = {
  usage: 'npm run bench:peers -- [flags]',
  summary: 'Times shadegrad, TensorFlow.js, jax-js, onnxruntime and PyTorch in turns; results must agree first.',
  flags: [
    { name: 'filter', type: 'string', placeholder: 'TEXT', description: 'only cases whose name contains this' },
    { name: 'peers', type: 'string', placeholder: 'NAMES', default: PEER_NAMES.join(','), description: 'which to compare' },
    {
      name: 'python',
      type: 'string',
      placeholder: 'PROGRAM',
      default: 'python3',
      description: 'a Python; PyTorch is compared if it has it',
    },
    {
      name: 'size',
      type: 'integer',
      min: 32,
      max: 512,
      default: 256,
      check: powerOfTwo,
      description: "height and width of the networks' images; a power of two",
    },
    { name: 'ngf', type: 'integer', min: 1, default: 64, description: "channels after the networks' first layers" },
    { name: 'quick', type: 'boolean', description: 'fewer and shorter samples' },
    { name: 'json', type: 'string', placeholder: 'FILE', description: 'also write the numbers to this file' },
    {
      name: 'adapter',
      type: 'string',
      placeholder: 'NAME',
      description: 'hardware, software, lavapipe, swiftshader, or part of a name; default: the fastest',
    },
  ],
} as const satisfies Program;

/** The command line of `npm run gpu-check`. */
export const GPU_CHECK_PROGRAM = {
  usage: 'npm run gpu-check -- [flags]',
  summary:
    'Tests and times everything on this adapter, within a few minutes, and makes a folder to send back: numbers, a page, logs and ' +
    'pictures. The exit status is 1 if a test or a section failed.',
  flags: [
    { name: 'minutes', type: 'number', min: 0.1, max: 600, default: 8, description: 'the longest that everything may take together' },
    {
      name: 'out',
      type: 'string',
      placeholder: 'DIR',
      description: 'new or empty folder for the results; by default gpu-check, or gpu-check-2, ... when that is taken',
    },
    {
      name: 'only',
      type: 'string',
      placeholder: 'SECTIONS',
      description: 'some of tests, tune, bench, step, peers, facades, separated by commas',
    },
    {
      name: 'paper',
      type: 'boolean',
      description:
        'train the 200 epochs of the paper on facades, too, in nine tenths of the time (--minutes 150): with fewer minutes as far as it ' +
        'comes, and how many hours all of it would take',
    },
    { name: 'quick', type: 'boolean', description: 'one test, tiny networks, few steps: whether everything runs' },
    {
      name: 'data',
      type: 'string',
      placeholder: 'DIR',
      description: 'folder of pairs to train on; by default facades that the program draws',
    },
    {
      name: 'python',
      type: 'string',
      placeholder: 'PROGRAM',
      default: 'python3',
      description: 'a Python whose PyTorch is timed, if it has CUDA',
    },
    {
      name: 'adapter',
      type: 'string',
      placeholder: 'NAME',
      description: 'hardware, software, lavapipe, swiftshader, or part of a name; default: the fastest',
    },
  ],
} as const satisfies Program;
