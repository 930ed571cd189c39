import { importSource } from './bundle-test.js';

/**
 * Reads the command line of a script by its table, as the programs of the library do; `--help` and what is wrong end the process.
 *
 * @param {object} program a table, a `Program` of src/node/terminal/flags.ts
 * @returns {Promise<{ values: Record<string, unknown>, operands: string[] }>}
 */
export async function readCommandLine(program) {
  const { parseFlags } = await importSource('src/node/terminal/flags.ts');
  try {
    const { values, operands, help } = parseFlags(program, process.argv.slice(2));
    if (!help) return { values, operands };
  } catch (error) {
    if (error.code !== 'BAD_FLAG') throw error;
    console.error(`error [BAD_FLAG]: ${error.message}`);
    process.exit(2);
  }
  const { formatHelp } = await importSource('src/node/terminal/help.ts');
  process.stdout.write(formatHelp(program));
  process.exit(0);
}
