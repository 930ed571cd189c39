/** Headings of the reference, in its order. */
export const CATEGORIES = [
  'Device', 'Tensors', 'Operations', 'Losses', 'Gradients', 'Operations of your own', 'Modules and layers', 'Optimisers and schedules',
  'Models', 'Training', 'Weights and files', 'Data and images', 'Programs', 'Errors',
];

/** Files and folders with the heading for what they export; the longest that fits a file has the say. */
const PLACES = {
  'src/gpu/': 'Device',
  'src/gpu/errors.ts': 'Errors',
  'src/gpu/params.ts': 'Operations of your own',
  'src/gpu/dispatch-call.ts': 'Operations of your own',
  'src/gpu/pipeline-cache.ts': 'Operations of your own',
  'src/gpu/storage.ts': 'Operations of your own',
  'src/gpu/scope.ts': 'Tensors',
  'src/tensor/': 'Tensors',
  'src/kernels/': 'Operations',
  'src/kernels/creation.ts': 'Tensors',
  'src/kernels/random.ts': 'Tensors',
  'src/kernels/kernel.ts': 'Operations of your own',
  'src/kernels/elements.ts': 'Operations of your own',
  'src/kernels/image.ts': 'Data and images',
  'src/kernels/tuner.ts': 'Device',
  'src/autograd/': 'Gradients',
  'src/autograd/methods.ts': 'Operations',
  'src/autograd/ops/': 'Operations',
  'src/autograd/ops/image.ts': 'Data and images',
  'src/autograd/ops/labels.ts': 'Losses',
  'src/autograd/ops/loss.ts': 'Losses',
  'src/autograd/define.ts': 'Operations of your own',
  'src/autograd/check-gradients.ts': 'Operations of your own',
  'src/nn/': 'Modules and layers',
  'src/optim/': 'Optimisers and schedules',
  'src/models/': 'Models',
  'src/training/': 'Training',
  'src/training/metrics.ts': 'Data and images',
  'src/formats/': 'Weights and files',
  'src/exchange/': 'Weights and files',
  'src/data/': 'Data and images',
  'src/version.ts': 'Device',
  'src/node/': 'Programs',
  'src/node/adapter': 'Device',
  'src/node/dawn.ts': 'Device',
  'src/node/doctor.ts': 'Device',
  'src/node/polling.ts': 'Device',
  'src/node/tun': 'Device',
  'src/node/files.ts': 'Weights and files',
  'src/node/module-file.ts': 'Weights and files',
  'src/node/onnx.ts': 'Weights and files',
  'src/node/weights.ts': 'Weights and files',
  'src/node/convert.ts': 'Programs',
  'src/node/checkpoint.ts': 'Training',
  'src/node/dataset.ts': 'Data and images',
  'src/node/data-layout.ts': 'Data and images',
  'src/node/download': 'Data and images',
  'src/node/images': 'Data and images',
  'src/node/image-folder.ts': 'Data and images',
  'src/web/': 'Weights and files',
  'src/web/adapter.ts': 'Device',
  'src/web/tuning-cache.ts': 'Device',
};

/** @returns {string | undefined} the heading for what a file exports; undefined for one that no row fits */
export function categoryOf(file) {
  const places = Object.keys(PLACES).filter((place) => file.startsWith(place));
  return PLACES[places.sort((a, b) => b.length - a.length)[0]];
}
