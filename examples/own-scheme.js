// A training scheme of one's own, outside the library, with everything that `shadegrad train` has:
//
//   node examples/own-scheme.js [flags]                    trains; --help lists the flags, --resume goes on after Ctrl-C or a crash
//   node examples/own-scheme.js export RUN_FOLDER NAME     writes NAME.safetensors and NAME.onnx of a run
//
// A small U-Net learns to tell the parts of a building (window, door, cornice ...) in its photo: for each pixel twelve numbers,
// the logits of the classes of the CMP Facade Database, trained by cross-entropy. docs/schemes.md goes through it part by part.
const shadegrad = await import('shadegrad').catch(explainMissingBuild);
const {
  Adam,
  backward,
  BatchNorm2d,
  concat,
  Conv2d,
  createImage,
  crossEntropy,
  FACADE_CLASSES,
  imageToFloat,
  loadCheckpoint,
  Module,
  noGrad,
  readCheckpointInfo,
  registerNetwork,
  ReLU,
  requestGpu,
  resizeBicubic,
  runMain,
  saveModule,
  saveOnnx,
  Sequential,
  ShadegradError,
  Tensor,
  trainScheme,
  Upsample,
} = shadegrad;

const CLASSES = FACADE_CLASSES.length;

// ---- The network ---------------------------------------------------------------------------------------------------------

/** Convolution, norm, ReLU. */
function block(inChannels, outChannels, stride = 1) {
  const convolution = new Conv2d({ inChannels, outChannels, kernel: 3, stride, padding: 1, bias: false });
  return new Sequential([convolution, new BatchNorm2d(outChannels), new ReLU()]);
}

/** A U-Net of three scales: [batch, height, width, 3] -> the logits of the classes, [batch, height, width, 12]. */
class Segmenter extends Module {
  constructor({ width = 32, size = 128 } = {}) {
    super();
    // Whatever builds the network anew: checkpoints keep it.
    this.options = { width, size };
    this.inChannels = 3;
    this.outChannels = CLASSES;
    // Two halvings, so sides are multiples of four.
    this.imageSizes = { own: size, multipleOf: 4, least: 16 };
    this.fine = this.child('fine', block(3, width));
    this.middle = this.child('middle', block(width, 2 * width, 2));
    this.coarse = this.child('coarse', block(2 * width, 4 * width, 2));
    this.up = this.child('up', new Upsample({ scale: 2, mode: 'bilinear' }));
    this.middleUp = this.child('middleUp', block(6 * width, 2 * width));
    this.fineUp = this.child('fineUp', block(3 * width, width));
    this.head = this.child('head', new Conv2d({ inChannels: width, outChannels: CLASSES, kernel: 1 }));
  }

  forward(x, options = {}) {
    const { out, ...mode } = options;
    const fine = this.fine.forward(x, mode);
    const middle = this.middle.forward(fine, mode);
    const coarse = this.coarse.forward(middle, mode);
    const middleAgain = this.middleUp.forward(concat([this.up.forward(coarse), middle]), mode);
    const fineAgain = this.fineUp.forward(concat([this.up.forward(middleAgain), fine]), mode);
    return this.head.forward(fineAgain, { ...mode, out });
  }
}

// One row, and in this program checkpoints, files of weights and exporters know the network.
registerNetwork({
  kind: 'facade-segmenter',
  role: 'generator',
  title: 'facade segmenter',
  network: Segmenter,
  describe: ({ options }) => [`facade segmenter for ${options.size} x ${options.size}`, `width ${options.width}`],
  exampleInput: ({ options }) => ({ shape: [1, options.size, options.size, 3], dynamicAxes: [0, 1, 2] }),
});

// ---- Label maps ----------------------------------------------------------------------------------------------------------

/** The class of each pixel of a label map, side x side, without mixing colours: the nearest pixel, and of that the nearest colour. */
function classesOf(image, side) {
  const classes = new Uint8Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const from = 3 * (Math.floor(((y + 0.5) * image.height) / side) * image.width + Math.floor(((x + 0.5) * image.width) / side));
      let nearest = Infinity;
      for (let index = 0; index < CLASSES; index++) {
        const [, [red, green, blue]] = FACADE_CLASSES[index];
        const distance = (image.data[from] - red) ** 2 + (image.data[from + 1] - green) ** 2 + (image.data[from + 2] - blue) ** 2;
        if (distance >= nearest) continue;
        nearest = distance;
        classes[y * side + x] = index;
      }
    }
  }
  return classes;
}

/** The picture of a class for each pixel. */
function pictureOf(classes, side) {
  const picture = createImage(side, side);
  classes.forEach((index, pixel) => picture.data.set(FACADE_CLASSES[index][1], 3 * pixel));
  return picture;
}

// ---- The scheme ----------------------------------------------------------------------------------------------------------

const scheme = {
  name: 'facade-segmentation',
  title: 'Facade segmentation',
  summary: 'Trains a small U-Net to tell the parts of a building in its photo.',

  options: {
    size: {
      flag: {
        type: 'integer',
        min: 16,
        max: 512,
        check: (side) => (side % 4 === 0 ? undefined : 'a multiple of 4'),
        description: 'side of the images in pixels',
      },
    },
    width: { flag: { type: 'integer', min: 1, max: 256, description: 'channels of the network at full size' } },
    jitter: { flag: { type: 'boolean', default: true, description: 'no random crops and mirroring' } },
  },
  presets: {
    description: '128 pixels, width 32, 60 epochs; hours without a GPU',
    full: { size: 128, width: 32, epochs: 60, learningRate: 1e-3 },
    preview: { minutes: 3, learningRate: 2e-3 },
    previewScales: { hardware: [{ size: 128, width: 32 }], software: [{ size: 64, width: 12 }] },
  },
  describe: ({ size, width }) => [`${size} x ${size} pixels`, `width ${width}`],

  networks: ({ size, width }, given) => ({ segmenter: given.segmenter ?? { kind: 'facade-segmenter', options: { size, width } } }),
  // With --from the networks are those of a file: their size and width are no longer a matter of flags.
  optionsOf: ({ segmenter }) => segmenter?.options ?? {},
  optimizers: {
    segmenterOptimizer: { network: 'segmenter', create: (network, { learningRate }) => new Adam(network, { learningRate }) },
  },

  // Half a of a pair is the photo, half b the label map: of that a channel for each class, 255 where a pixel is of it.
  sizes: ({ size, jitter }) => ({ size, loadSize: jitter ? size + 2 * Math.ceil(size / 16) : size, jitter }),
  sides: () => ({
    photo: { half: 'a', channels: 3, role: 'input' },
    labels: {
      half: 'b',
      role: 'target',
      channels: CLASSES,
      encode(image, side) {
        const bytes = new Uint8Array(side * side * CLASSES);
        classesOf(image, side).forEach((index, pixel) => (bytes[pixel * CLASSES + index] = 255));
        return bytes;
      },
    },
  }),

  losses: { crossEntropy: { label: 'cross-entropy', plot: 'Cross-entropy' } },
  step({ networks: { segmenter }, optimizers: { segmenterOptimizer }, images: { photo, labels } }) {
    // Images come in [-1, 1]. Where resizing has mixed two classes, their shares are made to add up to one again.
    const shares = labels.add(1);
    const probabilities = shares.div(shares.sum({ axes: [3], keepDims: true }));
    segmenterOptimizer.zeroGrad();
    const loss = crossEntropy(segmenter.forward(photo, { training: true }), probabilities);
    backward(loss);
    segmenterOptimizer.step();
    return { crossEntropy: loss };
  },

  metrics: {
    accuracy: { label: 'Accuracy', better: 'higher' },
    ...Object.fromEntries(FACADE_CLASSES.map(([name]) => [name, { label: name, better: 'higher', digits: 2 }])),
  },
  pictures: () => ({
    given: [{ title: 'Photo', half: 'a' }],
    made: ['Classes'],
    wanted: [{ title: 'Labels', half: 'b' }],
  }),
  evaluator: async (gpu, { segmenter }, { size }) => {
    const input = Tensor.fromBytes(gpu, new Uint8Array(size * size * 3), [1, size, size, 3], 'photo').keep();
    const { recording, result } = await gpu.record(() => noGrad(() => segmenter.forward(imageToFloat(input), { training: false })));
    const logits = result.keep();
    return {
      key: 'photo to labels',
      fit: ({ name, a, b }) => ({ name, a: resizeBicubic(a, size, size), b: pictureOf(classesOf(b, size), size) }),
      async run({ a, b }) {
        input.writeBytes(a.data);
        recording.run();
        const made = largest(await logits.data());
        const right = classesOf(b, size);
        const measure = Array.from({ length: CLASSES }, () => ({ pixels: 0, hits: 0 }));
        right.forEach((index, pixel) => {
          measure[index].pixels++;
          if (made[pixel] === index) measure[index].hits++;
        });
        return { made: [pictureOf(made, size)], measure };
      },
      // Shares of all pixels, and of the pixels of each class: a mean over pictures would count those without a class as wrong.
      summarize(measures) {
        const share = (classes) => {
          const of = (key) => measures.reduce((sum, measure) => sum + classes.reduce((part, index) => part + measure[index][key], 0), 0);
          return of('hits') / of('pixels');
        };
        const each = FACADE_CLASSES.map(([name], index) => [name, share([index])]);
        return { accuracy: share([...FACADE_CLASSES.keys()]), ...Object.fromEntries(each) };
      },
      // Nothing that is learned of the photo: every pixel is wall.
      async baseline(_train, measured) {
        const wall = FACADE_CLASSES.findIndex(([name]) => name === 'facade');
        const all = measured.flatMap(({ b }) => [...classesOf(b, size)]);
        const each = FACADE_CLASSES.map(([name], index) => [name, index === wall ? 1 : 0]);
        const accuracy = all.filter((index) => index === wall).length / all.length;
        return { name: 'all wall', metrics: { accuracy, ...Object.fromEntries(each) } };
      },
      dispose() {
        recording.destroy();
        input.dispose();
        logits.dispose();
      },
    };
  },
};

/** The class of the largest logit of each pixel. */
function largest(logits) {
  return Uint8Array.from({ length: logits.length / CLASSES }, (_, pixel) => {
    const of = logits.subarray(pixel * CLASSES, (pixel + 1) * CLASSES);
    return of.indexOf(Math.max(...of));
  });
}

// ---- The program ---------------------------------------------------------------------------------------------------------

/** Writes the network of a run for other programs. */
async function exportRun([folder, name, ...others]) {
  if (folder === undefined || name === undefined || others.length > 0) {
    throw new ShadegradError('BAD_FLAG', 'What to export', {
      expected: 'the folder of a run, and a name for the files',
      received: [folder, name, ...others].filter((word) => word !== undefined).join(' ') || 'nothing',
      fix: 'node examples/own-scheme.js export runs/facade-segmentation segmenter',
    });
  }
  const path = `${folder}/checkpoint.safetensors`;
  const { networks } = await readCheckpointInfo(path);
  const gpu = await requestGpu();
  const segmenter = new Segmenter(networks.segmenter.options).to(gpu, { training: false });
  await loadCheckpoint(path, { networks: { segmenter } });
  await saveModule(`${name}.safetensors`, segmenter);
  await saveOnnx(`${name}.onnx`, segmenter, { input: [1, 64, 64, 3], dynamicAxes: [0, 1, 2] });
  console.log(`${name}.safetensors and ${name}.onnx: photos [batch, 3, height, width] in [-1, 1] -> logits of ${CLASSES} classes`);
  segmenter.dispose();
  gpu.destroy();
  return 0;
}

const [command, ...words] = process.argv.slice(2);
await runMain(() =>
  command === 'export' ? exportRun(words) : trainScheme(scheme, process.argv.slice(2), { call: 'node examples/own-scheme.js' }),
);

function explainMissingBuild(error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error(
    'error: shadegrad is not installed or not built\n  fix: in a clone, run "npm ci" once (it installs and builds); ' +
      'elsewhere, "npm install shadegrad"',
  );
  process.exit(1);
}
