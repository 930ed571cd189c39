import type { Program } from '../../../terminal/flags.js';
import { programCall, quoted } from '../../../terminal/program-call.js';
import { isRemote } from '../../../weights/remote/registry.js';
import type { Plan } from '../plan.js';
import { runsOf } from '../plan.js';
import { SCHEDULERS } from './registry.js';
import type { NamedPath } from './scheduler.js';

/** Whether a call asks for a script. @param values of its flags */
export const isForScheduler = (values: Readonly<Record<string, unknown>>): boolean => SCHEDULERS.some(({ flag }) => values[flag] === true);

/** A script, and what its user has to see to. */
export interface Script {
  readonly text: string;
  readonly notes: readonly string[];
}

/**
 * The script for the scheduler that a call asks for; undefined for a call that asks for none.
 *
 * @param argv the words of the call, the first of which names the experiment
 * @param values of its flags
 * @param program whose flags they are
 */
export function scriptOf(
  argv: readonly string[],
  plan: Plan,
  values: Readonly<Record<string, unknown>>,
  program: Pick<Program, 'flags'>,
): Script | undefined {
  const scheduler = SCHEDULERS.find(({ flag }) => values[flag] === true);
  if (scheduler === undefined) return undefined;
  const command = [programCall('experiment'), ...wordsWithout(argv).map(quoted)].join(' ');
  const paths = [...pathsOfCall(argv), ...pathsOfFlags(values, program)];
  const job = { name: plan.name, command, parts: runsOf(plan).length, flags: values, paths };
  return { text: scheduler.script(job), notes: scheduler.notes?.(job) ?? [] };
}

/** The program where it is a file of this machine, and the file of the experiment where it is none of the table. */
function pathsOfCall([name = '']: readonly string[]): NamedPath[] {
  const [, program] = /^node (\S+)/.exec(programCall('experiment')) ?? [];
  return [
    ...(program === undefined ? [] : [{ what: 'the program', path: program }]),
    ...(/[./\\]/.test(name) ? [{ what: 'the experiment', path: name }] : []),
  ];
}

/** The files and folders that flags name, which their tables tell by what stands for their values in the help. */
const pathsOfFlags = (values: Readonly<Record<string, unknown>>, { flags }: Pick<Program, 'flags'>): NamedPath[] =>
  flags
    .filter(({ placeholder = '' }) => /DIR|FILE/.test(placeholder))
    .flatMap(({ name }) => [values[name] ?? []].flat().map((path) => ({ what: `--${name}`, path: String(path) })))
    .filter(({ path }) => !isRemote(path));

/** The words of a call without those for schedulers, and without the part that it is to do. */
function wordsWithout(argv: readonly string[]): string[] {
  const flags = SCHEDULERS.flatMap((scheduler) => scheduler.flags);
  const valued = [...flags.filter(({ type }) => type !== 'boolean').map(({ name }) => name), 'shard'];
  const alone = flags.filter(({ type }) => type === 'boolean').map(({ name }) => name);
  return argv.filter((word, at) => {
    const name = (text = ''): string => /^--([^=]+)/.exec(text)?.[1]?.replaceAll('_', '-') ?? '';
    if ([...valued, ...alone].includes(name(word))) return false;
    return !(valued.includes(name(argv[at - 1])) && !argv[at - 1]!.includes('='));
  });
}
