import { ShadegradError } from '../../errors.js';
import { LIBRARY_VERSION } from '../../version.js';
import { convertWeights } from './convert.js';
import { diagnose } from './doctor.js';
import { nearest } from '../terminal/flags.js';
import { inspectWeights } from './inspect.js';
import { asCalled } from '../terminal/program-call.js';
import { trainFacades } from './train-facades.js';
import { translateImages } from './translate.js';
import { tuneKernels } from './tune.js';

interface Command {
  readonly summary: string;
  run(argv: readonly string[]): Promise<number>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  inspect: { summary: 'say what is in a file of weights', run: inspectWeights },
  convert: { summary: 'read a network from one format, write it in another, and compare', run: convertWeights },
  translate: { summary: 'translate images with a generator of any readable format', run: translateImages },
  train: { summary: 'train pix2pix on pairs of images', run: trainFacades },
  tune: { summary: 'time the variants of the kernels on this adapter and keep the fastest', run: tuneKernels },
  doctor: {
    summary: 'say which adapters there are and how to get a better one',
    run: async () => {
      const { report, healthy } = await diagnose();
      console.log(report);
      return healthy ? 0 : 1;
    },
  },
};

function usage(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  const text = [
    'Usage: npx shadegrad COMMAND [arguments]',
    '',
    'Commands:',
    ...lines,
    '',
    'npx shadegrad COMMAND --help lists the flags of each; npx shadegrad --version prints the version.',
    '',
  ];
  return asCalled(text.join('\n'));
}

/**
 * Runs the program `shadegrad`: each command is a program of its own.
 *
 * @param argv the arguments alone, the first of which names the command
 * @returns the exit status
 * @throws BAD_FLAG for an unknown command; what the command throws
 */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(usage());
    return name === undefined ? 2 : 0;
  }
  if (name === '--version') {
    console.log(LIBRARY_VERSION);
    return 0;
  }
  if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name]!.run(rest);
  const near = nearest(name, Object.keys(COMMANDS));
  throw new ShadegradError('BAD_FLAG', `There is no command ${JSON.stringify(name)}`, {
    expected: Object.keys(COMMANDS).join(', '),
    fix: near === undefined ? 'see npx shadegrad --help' : `did you mean ${near}?`,
  });
}
