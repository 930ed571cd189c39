import { programCall, quoted } from '../../../terminal/program-call.js';
import type { Plan } from '../plan.js';
import { runsOf } from '../plan.js';
import { SCHEDULERS } from './registry.js';

/** Whether a call asks for a script. @param values of its flags */
export const isForScheduler = (values: Readonly<Record<string, unknown>>): boolean => SCHEDULERS.some(({ flag }) => values[flag] === true);

/**
 * The script for the scheduler that a call asks for; undefined for a call that asks for none.
 *
 * @param argv the words of the call
 * @param values of its flags
 */
export function scriptOf(argv: readonly string[], plan: Plan, values: Readonly<Record<string, unknown>>): string | undefined {
  const scheduler = SCHEDULERS.find(({ flag }) => values[flag] === true);
  if (scheduler === undefined) return undefined;
  const command = [programCall('experiment'), ...wordsWithout(argv).map(quoted)].join(' ');
  return scheduler.script({ name: plan.name, command, parts: runsOf(plan).length, flags: values });
}

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
