// npm run doctor: which adapters there are, what the chosen one can do, and how to get a better one.
import { prepareBuild, prepareDependencies } from './lib/prepare.js';

prepareDependencies();
if (!prepareBuild()) process.exit(1);
const { diagnose } = await import('../dist/node.js');
const { report, healthy } = await diagnose();
console.log(report);
process.exitCode = healthy ? 0 : 1;
