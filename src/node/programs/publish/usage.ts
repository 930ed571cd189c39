import type { PublishedNetwork } from './published-network.js';

const fenced = (language: string, ...lines: readonly string[]): string => `\`\`\`${language}\n${lines.join('\n')}\n\`\`\``;

/** How a network of a published folder is used, by whatever runs it: paragraphs of a card. `HERE` is where the folder is. */
export function usageOf(network: PublishedNetwork, isOneOfSeveral: boolean): string[] {
  const title = isOneOfSeveral ? [`### ${network.name}`] : [];
  const ways =
    network.use.kind === 'translates' ? [translating(network, isOneOfSeveral), inCode(network)] : [making(network, isOneOfSeveral)];
  const onnx = network.onnx === undefined ? `There is no ONNX model of it: ${network.withoutOnnx ?? ''}.` : python(network, network.onnx);
  const pytorch = network.forPyTorch
    ? `\`${network.file}\` has the names and the layout that such a generator has in the PyTorch program of its paper: there, ` +
      '`safetensors.torch.load_file()` gives its state dict.'
    : `\`npx shadegrad convert HERE/${network.file} network.pth\` makes a file for PyTorch, where PyTorch has such a network.`;
  return [...title, ...ways.flat(), onnx, pytorch];
}

const chosen = ({ name }: PublishedNetwork, isOneOfSeveral: boolean): string => (isOneOfSeveral ? ` --network ${name}` : '');

function translating(network: PublishedNetwork, isOneOfSeveral: boolean): string[] {
  const { labels, dropout } = network.use;
  const { file, words } = network.given;
  const label = labels.length > 0 ? ` --label ${labels[0]}` : '';
  const drops =
    dropout > 0
      ? [`Its dropout (${dropout}) draws at test time, too, as in the paper; \`--no-dropout\` leaves it out, as the ONNX model does.`]
      : [];
  return [
    'On a command line (Node 20 or later); HERE is this folder, or `hf:ORG/NAME` once it is on the Hugging Face Hub:',
    fenced('sh', `npx shadegrad translate --weights HERE${chosen(network, isOneOfSeveral)}${label} --input ${file} --output results/`),
    `\`${file}\` stands for what is to be translated: ${words}.`,
    ...(labels.length > 0 ? [`Labels: ${labels.join(', ')}.`] : []),
    ...drops,
  ];
}

const making = (network: PublishedNetwork, isOneOfSeveral: boolean): string[] => [
  'On a command line (Node 20 or later); HERE is this folder, or `hf:ORG/NAME` once it is on the Hugging Face Hub:',
  fenced('sh', `npx shadegrad generate --weights HERE${chosen(network, isOneOfSeveral)} --output pictures/`),
  ...(network.use.labels.length > 0 ? [`Labels: ${network.use.labels.join(', ')}.`] : []),
];

function inCode({ file, given, use: { plain, labels } }: PublishedNetwork): string[] {
  if (!plain || labels.length > 0) return [];
  const run = [
    "const found = findNetwork(file, 'generator');",
    'const gpu = await requestGpu();',
    'const generator = await loadNetwork(gpu, found.weights);',
    'const translator = await Translator.create(gpu, generator, { statistics: found.statistics });',
  ];
  return [
    'In Node:',
    fenced(
      'js',
      "import { findNetwork, loadNetwork, openWeights, readImage, requestGpu, Translator, writePng } from 'shadegrad';",
      '',
      `const { file, close } = await openWeights('HERE/${file}');`,
      ...run,
      `const image = translator.fit(await readImage('${given.file}'));`,
      "await writePng('result.png', await translator.translate(image, 0));",
      'await close();',
      'gpu.destroy();',
    ),
    'In a page, where `pixels` is the `ImageData` of a canvas:',
    fenced(
      'js',
      "import { blobSource, findNetwork, loadNetwork, openSafetensors, requestGpu, Translator } from 'shadegrad';",
      '',
      `const file = await openSafetensors(blobSource(await (await fetch('${file}')).blob()));`,
      ...run,
      'const { width, height, data } = pixels;',
      'const rgb = new Uint8Array(width * height * 3).map((_, at) => data[4 * Math.floor(at / 3) + (at % 3)]);',
      'const result = await translator.translate(translator.fit({ width, height, data: rgb }), 0);   // the same, RGB',
    ),
  ];
}

function python({ use, given }: PublishedNetwork, onnx: string): string {
  const { kind, plain, inChannels, outChannels, labels, size, noise } = use;
  const [width, height] = size;
  const session = [
    'import numpy as np',
    'import onnxruntime',
    'from PIL import Image',
    '',
    `session = onnxruntime.InferenceSession('${onnx}')`,
  ];
  if (!plain) {
    return (
      `In Python, \`${onnx}\` takes \`input\` [batch, ${inChannels}, height, width] and gives \`output\` with ${outChannels} channels, ` +
      'coded as `config.json` says, between -1 and 1.'
    );
  }
  const mode = outChannels === 1 ? ", 'L'" : '';
  const pixels = outChannels === 1 ? 'y[0]' : 'y.transpose(1, 2, 0)';
  const save = use.black === 0 ? `${pixels} * 255` : `(${pixels} + 1) * 127.5`;
  const end = [
    'y = session.run(None, {session.get_inputs()[0].name: x.astype(np.float32)})[0][0]',
    `Image.fromarray((${save}).clip(0, 255).round().astype(np.uint8)${mode}).save('result.png')`,
  ];
  if (kind === 'makes') {
    const { numbers, drawn } = noise!;
    const shape = `(1, ${numbers}, 1, 1)`;
    const draw = drawn === 'normal' ? `np.random.standard_normal(${shape})` : `np.random.uniform(${drawn.low}, ${drawn.high}, ${shape})`;
    const joined =
      labels.length === 0
        ? []
        : [`label = np.eye(${labels.length})[0].reshape(1, -1, 1, 1)    # ${labels[0]}`, 'x = np.concatenate([x, label], 1)'];
    return `In Python:\n\n${fenced('python', ...session, `x = ${draw}`, ...joined, ...end)}`;
  }
  const rgb = inChannels === 1 ? 'L' : 'RGB';
  const axes = inChannels === 1 ? '[None, None]' : '.transpose(2, 0, 1)[None]';
  const planes =
    labels.length === 0
      ? []
      : [
          `label = np.zeros((1, ${labels.length}, ${height}, ${width}), np.float32)`,
          `label[:, 0] = 1    # ${labels[0]}`,
          'x = np.concatenate([x, label], 1)',
        ];
  return `In Python:\n\n${fenced(
    'python',
    ...session,
    `image = Image.open('${given.file}').convert('${rgb}').resize((${width}, ${height}), Image.BICUBIC)`,
    `x = np.asarray(image, np.float32)${axes} / 127.5 - 1`,
    ...planes,
    ...end,
  )}`;
}
