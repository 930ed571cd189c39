import { printableText } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import { letGoOfDeadTerminal } from '../terminal/dead-terminal.js';
import { decodeAlone } from '../images/sharp.js';
import { asCalled } from '../terminal/program-call.js';

/** Exit status of a command line that could not be understood, as shells use it. */
const USAGE_ERROR = 2;
/** How long a program may take to let go of its last handles before it is ended. */
const GRACE_MILLISECONDS = 2000;

/**
 * Runs a command-line program and ends the process with the exit status it returns.
 *
 * An error is one short message on stderr, never a stack trace: `error [CODE]: message` for a ShadegradError
 * (status 1; 2 for BAD_FLAG), `error: message` for anything else (status 1). `SHADEGRAD_DEBUG=1` adds the stack.
 * A terminal or pipe that goes away, on stdout or stderr, changes nothing: the program works on to its end.
 */
export async function runMain(main: () => Promise<number>): Promise<void> {
  // Nobody knows what state an error leaves that nobody caught: the program must not go on and save it.
  const fall = (error: unknown): void => {
    const status = reportError(error, (text) => void process.stderr.write(text, () => process.exit(process.exitCode)));
    end(status);
  };
  process.on('uncaughtException', fall);
  process.on('unhandledRejection', fall);
  // A reader such as `head` or a terminal that has gone away, or a full disk under a redirected output, is no error of the
  // program: what it makes are files, and there is nobody left to tell.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  letGoOfDeadTerminal();
  decodeAlone();
  try {
    end(await main());
  } catch (error) {
    end(reportError(error));
  }
}

function end(status: number): void {
  // After an error that nobody caught the program's own end, should it come to it, is not its status.
  process.exitCode ||= status;
  // A device left open by an error would keep the process alive for ever.
  setTimeout(() => process.exit(process.exitCode), GRACE_MILLISECONDS).unref();
}

/** Prints an error as `runMain` does and returns the exit status that goes with it. */
export function reportError(error: unknown, write: (text: string) => void = (text) => void process.stderr.write(text)): number {
  write(describeError(error, process.env.SHADEGRAD_DEBUG === '1') + '\n');
  return error instanceof ShadegradError && error.code === 'BAD_FLAG' ? USAGE_ERROR : 1;
}

/** The text that stands for an error on a terminal. */
export function describeError(error: unknown, withStack = false): string {
  const message = printableText(asCalled(error instanceof Error ? error.message || error.name : String(error)));
  const line = error instanceof ShadegradError ? `error [${error.code}]: ${message}` : `error: ${message}`;
  if (withStack) {
    const stacks: string[] = [];
    for (let at: unknown = error; at instanceof Error; at = at.cause) stacks.push(at.stack ?? at.message);
    return [line, ...stacks].join('\n');
  }
  return error instanceof ShadegradError ? line : `${line}\n  set SHADEGRAD_DEBUG=1 to see where it came from`;
}
