/**
 * Splits a command line into the operands at its start, such as file names, and the flags after them.
 *
 * @param argv the arguments after the command's name
 */
export function takeOperands(argv: readonly string[]): { operands: string[]; rest: string[] } {
  const first = argv.findIndex((argument) => argument.startsWith('-'));
  const count = first < 0 ? argv.length : first;
  return { operands: argv.slice(0, count), rest: argv.slice(count) };
}
