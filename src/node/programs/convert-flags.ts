import type { WritableFormat } from '../../exchange/write-weights.js';
import { oneLine } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import type { FlagValues, Program } from '../terminal/flags.js';
import { QUIET_FLAG } from '../terminal/remarks.js';
import { REMOTE_FORMS } from '../weights/remote/registry.js';

/** The command line of `shadegrad convert`. */
export const CONVERT_PROGRAM = {
  usage: 'npx shadegrad convert IN OUT [flags]',
  takesOperands: true,
  summary:
    'Reads a network from a file of any format and writes it in another, by the endings of the names: .safetensors, .pth, ' +
    '.pict; model.json (TensorFlow.js) in only, .onnx out only. Then runs both on the same input and compares. IN may be an address: ' +
    `${REMOTE_FORMS}.`,
  flags: [
    {
      name: 'network',
      group: 'What is converted',
      type: 'string',
      placeholder: 'NAME',
      description:
        'which one, when IN holds several: generator, discriminator, or a name in a checkpoint or of a file in a folder, such as ' +
        'generatorB of CycleGAN; ' +
        'by default the generator',
    },
    {
      name: 'dtype',
      group: 'What is written',
      type: 'choice',
      choices: ['f32', 'f16', 'bf16'],
      default: 'f32',
      description: 'type of the numbers in OUT; .pict has its own, .onnx has no bf16',
    },
    {
      name: 'layout',
      group: 'What is written',
      type: 'choice',
      choices: ['shadegrad', 'pytorch'],
      default: 'shadegrad',
      description: "of a .safetensors file: pytorch writes the reference's state dict, for safetensors.torch.load_file",
    },
    {
      name: 'batch',
      group: 'What is written',
      type: 'string',
      placeholder: 'N|dynamic',
      description: 'images that an .onnx model takes at a time; by default dynamic, as many as come',
    },
    {
      name: 'external',
      group: 'What is written',
      type: 'boolean',
      description: 'put the weights of an .onnx model into a file of their own beside it, of its name with .data after it',
    },
    {
      name: 'run',
      group: 'What is converted',
      type: 'boolean',
      description:
        'the whole training run, both networks with their optimisers: from a checkpoint to a .pth that PyTorch goes on from, ' +
        'or from there to a checkpoint',
    },
    {
      name: 'check',
      group: 'Comparison afterwards',
      type: 'boolean',
      default: true,
      description: 'do not run both networks afterwards to compare them',
    },
    QUIET_FLAG,
    {
      name: 'adapter',
      group: 'Comparison afterwards',
      type: 'string',
      placeholder: 'NAME',
      description: "to run them on: auto, hardware, software, lavapipe, swiftshader, or part of an adapter's name",
    },
  ],
  examples: [
    {
      command: 'npx shadegrad convert model.json facades.safetensors --dtype f16',
      description: 'A model of the TensorFlow tutorial, at half the size:',
    },
    {
      command: 'npx shadegrad convert runs/facades/checkpoint.safetensors latest_net_G.pth',
      description: 'The generator of a training run, for PyTorch:',
    },
    {
      command: 'npx shadegrad convert runs/cyclegan/checkpoint.safetensors latest_net_G_B.pth --network generatorB',
      description: 'Of a run with several generators one:',
    },
    {
      command: 'npx shadegrad convert runs/facades/checkpoint.safetensors facades.onnx',
      description: 'For ONNX Runtime and whatever else runs ONNX:',
    },
    {
      command: 'npx shadegrad convert runs/facades/checkpoint.safetensors run.pth --run',
      description: 'All of the run, so that PyTorch can go on with it:',
    },
  ],
} as const satisfies Program;

export type ConvertFlags = FlagValues<typeof CONVERT_PROGRAM>;

export type OutputFormat = WritableFormat | 'onnx';

const batchSize = (value: string): string | undefined =>
  value === 'dynamic' || /^[1-9]\d{0,3}$/.test(value) ? undefined : 'dynamic, or a whole number from 1 to 9999';

/** @throws BAD_FLAG for flags that are not of the format to write */
export function checkTogether(output: string, format: OutputFormat, { batch, dtype }: ConvertFlags, given: ReadonlySet<string>): void {
  const refused = (name: string, expected: string): ShadegradError =>
    new ShadegradError('BAD_FLAG', `--${name} does not go with ${output}`, { expected, received: `--${name}`, fix: `leave out --${name}` });
  if (format !== 'safetensors' && given.has('layout')) throw refused('layout', 'a .safetensors to write');
  if (format === 'pict' && given.has('dtype')) throw refused('dtype', 'another format: the numbers of a .pict have 8 bits');
  if (format === 'onnx' && dtype === 'bf16') throw refused('dtype bf16', '--dtype f32 or f16');
  for (const name of ['batch', 'external']) if (format !== 'onnx' && given.has(name)) throw refused(name, 'an .onnx to write');
  const wanted = batch === undefined ? undefined : batchSize(batch);
  if (wanted !== undefined)
    throw new ShadegradError('BAD_FLAG', 'Bad value for --batch', {
      expected: wanted,
      received: oneLine(batch!, 40),
      fix: 'write --batch 1, or --batch dynamic',
    });
}
