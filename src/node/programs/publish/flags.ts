import type { FlagValues, Program } from '../../terminal/flags.js';
import { QUIET_FLAG } from '../../terminal/remarks.js';
import { LICENCE_IDS, licenceExpected, OTHER } from './licences.js';

/** Images that are measured for a card unless told otherwise. */
const MEASURED = 100;

/** The command line of `shadegrad publish`. */
export const PUBLISH_PROGRAM = {
  usage: 'npx shadegrad publish RUN DIR --license ID [flags]',
  takesOperands: true,
  summary:
    'Makes a folder of the generators of a training run as the Hugging Face Hub has models: a card (README.md) with metrics, pictures ' +
    'and how to use them, weights (model.safetensors), an ONNX model, config.json and LICENSE. translate, inspect, convert and ' +
    'train --from take the folder as it is. Nothing is sent anywhere.',
  flags: [
    {
      name: 'license',
      group: 'Card',
      type: 'string',
      placeholder: 'ID',
      check: licenceExpected,
      known: LICENCE_IDS,
      description:
        `the licence of the weights, an identifier of SPDX: ${LICENCE_IDS.join(', ')}; or ${OTHER}, with its text in --license-file. ` +
        'Nothing is published without one',
    },
    {
      name: 'license-file',
      group: 'Card',
      type: 'string',
      placeholder: 'FILE',
      needs: { flag: 'license', value: OTHER },
      description: `the text of a licence of --license ${OTHER}, which becomes LICENSE; its first line is what the card calls it`,
    },
    { name: 'title', group: 'Card', type: 'string', description: 'heading of the card; by default the name of the folder of the run' },
    { name: 'author', group: 'Card', type: 'string', placeholder: 'NAME', description: 'whose work it is, for card and licence' },
    {
      name: 'data-name',
      group: 'Card',
      type: 'string',
      placeholder: 'NAME',
      description: 'what the card calls the data, such as a data set of the Hub (ORG/NAME); by default the name of their folder',
    },
    {
      name: 'data',
      group: 'Metrics',
      type: 'string',
      placeholder: 'DIR',
      description: 'where the data of the run are now, to measure it with; by default where they were',
    },
    {
      name: 'count',
      group: 'Metrics',
      type: 'integer',
      min: 1,
      max: 10_000,
      default: MEASURED,
      description: 'validation images to measure at most, spread over the set',
    },
    {
      name: 'averages',
      group: 'Networks',
      type: 'boolean',
      default: true,
      description: 'publishes the weights that were trained, of a run with --ema, in the place of their running averages',
    },
    { name: 'onnx', group: 'Networks', type: 'boolean', default: true, description: 'writes no ONNX model' },
    {
      name: 'check',
      group: 'Networks',
      type: 'boolean',
      default: true,
      description: 'do not run the ONNX model to compare it with the network (onnxruntime-node does, where it is installed)',
    },
    {
      name: 'replace',
      group: 'Folder',
      type: 'boolean',
      description: 'replace the files of an earlier publication in DIR, or those that the Hub has put into a clone of a new repository',
    },
    { name: 'json', group: 'Folder', type: 'boolean', description: 'print what was published as JSON, in place of words' },
    { ...QUIET_FLAG, group: 'Folder' },
    {
      name: 'adapter',
      group: 'This machine',
      type: 'string',
      placeholder: 'NAME',
      description: "auto, hardware, software, lavapipe, swiftshader, or part of an adapter's name",
    },
  ],
  examples: [
    {
      command: 'npx shadegrad publish runs/facades my-facades --license CC-BY-4.0 --author "A. Name"',
      description: 'A folder to upload:',
    },
    {
      command: 'npx shadegrad translate --weights my-facades --input label-map.png --output results/',
      description: 'It is used as it is:',
    },
  ],
} as const satisfies Program;

export type PublishFlags = FlagValues<typeof PUBLISH_PROGRAM>;
