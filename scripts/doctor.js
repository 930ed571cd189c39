// npm run doctor: which adapters there are, what the chosen one can do, and how to get a better one.
// The program is src/node/programs/doctor.ts.
import { prepareBuild, prepareDependencies } from './lib/prepare.js';

prepareDependencies();
if (!prepareBuild()) process.exit(1);
const { runCommandLine, runMain } = await import('../dist/node.js');
await runMain(() => runCommandLine(['doctor', ...process.argv.slice(2)]));
