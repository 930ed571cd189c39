/** npm run bench [-- flags]: command.ts as a program of its own. */
import { runMain } from '../src/node/programs/run-main.js';
import { runBenchmarks } from './command.js';

await runMain(() => runBenchmarks(process.argv.slice(2)));
