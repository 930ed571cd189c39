// node scripts/setup.js: installs, builds and unpacks whatever is missing, and says which adapter there is.
import { prepareBuild, prepareDependencies } from './lib/prepare.js';

prepareDependencies();
if (!prepareBuild()) process.exit(1);
const { loadDawn } = await import('../dist/node.js');
try {
  const { adapterChoice } = await loadDawn();
  console.log(adapterChoice.summary);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
