import { basename, resolve } from 'node:path';
import type { Program } from './flags.js';

/** The programs that also have an example in the repository. */
const EXAMPLES = { train: 'train-facades.js', translate: 'translate.js' } as const;

/**
 * How the user calls a program: by its example where the one that is running lies in examples/ of the current folder, as
 * in a clone of the repository; else as a command of the package.
 *
 * @param running the file of the running program
 */
export function programCall(command: keyof typeof EXAMPLES, running = process.argv[1] ?? ''): string {
  const inClone = Object.values<string>(EXAMPLES).includes(basename(running)) && resolve(running) === resolve('examples', basename(running));
  return inClone ? `node examples/${EXAMPLES[command]}` : `npx shadegrad ${command}`;
}

/** A program's table whose usage and examples are called as the user does. @param program with `npx shadegrad COMMAND` in its texts */
export function asCalled(program: Program, command: keyof typeof EXAMPLES): Program {
  const rename = (text: string): string => text.replace(`npx shadegrad ${command}`, programCall(command));
  return { ...program, usage: rename(program.usage), ...(program.examples && { examples: program.examples.map((example) => ({ ...example, command: rename(example.command) })) }) };
}
