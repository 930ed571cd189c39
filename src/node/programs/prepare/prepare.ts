import { ShadegradError } from '../../../errors.js';
import { nearest, parseFlags, type Program } from '../../terminal/flags.js';
import { formatHelp } from '../../terminal/help.js';
import { ACTIONS } from './registry.js';

/** The command line of `shadegrad prepare`, whose first word says what is done. */
export const PREPARE_PROGRAM = {
  usage: 'npx shadegrad prepare ACTION [arguments]',
  summary:
    'Makes data sets ready for training, in files of their own: what is read stays as it is. A stopped call goes on where it was, and ' +
    'makes anew only what has changed.',
  commands: ACTIONS,
  flags: [],
  examples: [{ command: 'npx shadegrad prepare split --help', description: 'The flags of an action:' }],
} as const satisfies Program;

/**
 * Runs the program of `shadegrad prepare`: makes a data set ready for training.
 *
 * @param argv the arguments alone, the first of which names what is done
 * @returns the exit status: 0, 1 if a file could not be made, or 130 after Ctrl-C
 * @throws BAD_FLAG for an action that there is not; what the action throws
 */
export async function prepareData(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name !== undefined && !name.startsWith('-')) return actionCalled(name).run(rest);
  parseFlags(PREPARE_PROGRAM, argv);
  process.stdout.write(formatHelp(PREPARE_PROGRAM));
  return name === undefined ? 2 : 0;
}

/** @throws BAD_FLAG where there is none */
function actionCalled(name: string) {
  const action = ACTIONS.find((each) => each.name === name);
  if (action !== undefined) return action;
  const names = ACTIONS.map((each) => each.name);
  const near = nearest(name, names);
  throw new ShadegradError('BAD_FLAG', `prepare has no action ${JSON.stringify(name)}`, {
    expected: names.join(', '),
    fix: near === undefined ? 'see npx shadegrad prepare --help' : `did you mean ${near}?`,
  });
}
