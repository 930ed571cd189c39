import { ShadegradError } from '../../errors.js';
import { LIBRARY_VERSION } from '../../version.js';
import { BENCH_PROGRAM, benchKernels } from './bench.js';
import { convertWeights } from './convert.js';
import { CONVERT_PROGRAM } from './convert-flags.js';
import { DEMO_PROGRAM, serveDemo } from './demo.js';
import { DOCTOR_PROGRAM, examineMachine } from './doctor.js';
import { runExperiment } from './experiment/experiment.js';
import { EXPERIMENT_PROGRAM } from './experiment/flags.js';
import { nearest, parseFlags, type Program } from '../terminal/flags.js';
import { formatHelp } from '../terminal/help.js';
import { evaluateProgram } from './evaluate/evaluate.js';
import { EVALUATE_PROGRAM } from './evaluate/flags.js';
import { GENERATE_PROGRAM, generateImages } from './generate.js';
import { INSPECT_PROGRAM, inspectWeights } from './inspect.js';
import { PREPARE_PROGRAM, prepareData } from './prepare/prepare.js';
import { ACTIONS } from './prepare/registry.js';
import { PUBLISH_PROGRAM } from './publish/flags.js';
import { publishRun } from './publish/publish.js';
import { pix2pix } from '../../schemes/pix2pix.js';
import { trainCommand, trainModel } from './train-command.js';
import { translateImages } from './translate.js';
import { TRANSLATE_PROGRAM } from './translate-flags.js';
import { TEST_RUN_PROGRAM, testRun } from './test-run.js';
import { TUNE_PROGRAM, tuneKernels } from './tune.js';

interface Command {
  readonly name: string;
  readonly description: string;
  readonly program: Program;
  /** The programs that its first word chooses between. */
  readonly actions?: readonly { readonly program: Program }[];
  run(argv: readonly string[]): Promise<number>;
}

/** The commands of `shadegrad`, each a program with a table of its own. */
export const COMMANDS: readonly Command[] = [
  { name: 'inspect', description: 'say what is in a file of weights', program: INSPECT_PROGRAM, run: inspectWeights },
  {
    name: 'convert',
    description: 'read a network from one format, write it in another, and compare',
    program: CONVERT_PROGRAM,
    run: convertWeights,
  },
  {
    name: 'translate',
    description: 'translate images with a generator of any readable format',
    program: TRANSLATE_PROGRAM,
    run: translateImages,
  },
  {
    name: 'generate',
    description: 'make pictures of random numbers, and of labels, with a generator',
    program: GENERATE_PROGRAM,
    run: generateImages,
  },
  { name: 'train', description: 'train pix2pix or another scheme on images', program: trainCommand(pix2pix), run: trainModel },
  {
    name: 'prepare',
    description: 'make a data set ready: check, join, split and resize pictures, make pairs of them',
    program: PREPARE_PROGRAM,
    actions: ACTIONS,
    run: prepareData,
  },
  {
    name: 'test',
    description: 'measure the networks of a training run, image by image, and write a page of them',
    program: TEST_RUN_PROGRAM,
    run: testRun,
  },
  {
    name: 'evaluate',
    description: 'measure made pictures against real ones by a table of metrics: of a run, or of two folders',
    program: EVALUATE_PROGRAM,
    run: evaluateProgram,
  },
  {
    name: 'experiment',
    description: 'train several settings for the same time, and write a table and a figure of them',
    program: EXPERIMENT_PROGRAM,
    run: runExperiment,
  },
  {
    name: 'publish',
    description: "make a folder of a run's generators for the Hugging Face Hub: card, weights, ONNX model",
    program: PUBLISH_PROGRAM,
    run: publishRun,
  },
  {
    name: 'tune',
    description: 'time the variants of the kernels on this adapter and keep the fastest',
    program: TUNE_PROGRAM,
    run: tuneKernels,
  },
  {
    name: 'bench',
    description: 'check and time every kernel on this adapter, against what the adapter can do',
    program: BENCH_PROGRAM,
    run: benchKernels,
  },
  {
    name: 'demo',
    description: 'serve the site of the project: draw, film and train in a browser',
    program: DEMO_PROGRAM,
    run: serveDemo,
  },
  {
    name: 'doctor',
    description: 'say which adapters there are and how to get a better one',
    program: DOCTOR_PROGRAM,
    run: examineMachine,
  },
];

/** The command line of `shadegrad` itself. */
export const SHADEGRAD_PROGRAM = {
  usage: 'npx shadegrad COMMAND [arguments]',
  summary: 'Trains, runs, inspects and converts networks on WebGPU. Each command is a program with flags of its own.',
  commands: [...COMMANDS, { name: 'help', description: 'print the help of a command, or this' }],
  flags: [{ name: 'version', type: 'boolean', description: 'print the version and stop' }],
  examples: [{ command: 'npx shadegrad help train', description: 'The flags of a command:' }],
} as const satisfies Program;

/**
 * Runs the program `shadegrad`: each command is a program of its own.
 *
 * @param argv the arguments alone, the first of which names the command
 * @returns the exit status
 * @throws BAD_FLAG for an unknown command or flag; what the command throws
 */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const words = argv[0] === 'help' ? [...argv.filter((word) => word !== 'help'), '--help'] : argv;
  const [name, ...rest] = words;
  if (name !== undefined && !name.startsWith('-')) return commandCalled(name).run(rest);
  const { values } = parseFlags(SHADEGRAD_PROGRAM, words);
  process.stdout.write(values.version ? `${LIBRARY_VERSION}\n` : formatHelp(SHADEGRAD_PROGRAM));
  return name === undefined ? 2 : 0;
}

/** @throws BAD_FLAG where there is none */
function commandCalled(name: string): Command {
  const command = COMMANDS.find((each) => each.name === name);
  if (command !== undefined) return command;
  const names = COMMANDS.map((each) => each.name);
  const near = nearest(name, names);
  throw new ShadegradError('BAD_FLAG', `There is no command ${JSON.stringify(name)}`, {
    expected: names.join(', '),
    fix: near === undefined ? 'see npx shadegrad --help' : `did you mean ${near}?`,
  });
}
