// npm run tune: times the variants of the kernels on this adapter and keeps the fastest; --help shows the flags.
// The program is src/node/programs/tune.ts.
import { prepareBuild, prepareDependencies } from './lib/prepare.js';

prepareDependencies();
if (!prepareBuild()) process.exit(1);
const { runMain, tuneKernels } = await import('../dist/node.js');
await runMain(() => tuneKernels(process.argv.slice(2)));
