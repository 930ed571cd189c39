// npm run demo: sets up what is missing, builds the site into site/ where it is out of date, and serves it on this machine; npm run
// demo:build builds it, and no more.
import { relative } from 'node:path';
import { prepareBuild, prepareDependencies, siteIsBuilt } from './lib/prepare.js';

prepareDependencies();
const [word, ...others] = process.argv.slice(2);
const onlyBuilds = word === 'build';
if (onlyBuilds && others.length > 0) {
  console.error(`error: npm run demo:build takes no arguments; it got ${others.join(' ')}`);
  process.exit(2);
}
if (!onlyBuilds && !prepareBuild()) process.exit(1);
const asksForHelp = !onlyBuilds && process.argv.some((each) => each === '--help' || each === '-h');
if (onlyBuilds || !(asksForHelp || siteIsBuilt())) {
  // A build that fails has left the last one.
  await buildIt().catch((error) => stop(error.message));
}
if (!onlyBuilds) {
  const { runCommandLine, runMain } = await import('../dist/node.js');
  await runMain(() => runCommandLine(['demo', ...process.argv.slice(2)]));
}

async function buildIt() {
  const { buildSite } = await import('./lib/site.js');
  const { root } = await import('./lib/bundle-test.js');
  console.error('building the site ...');
  const { complaints, files, bytes } = await buildSite();
  for (const complaint of complaints) console.error(complaint);
  if (complaints.length > 0) stop(`${complaints.length} ${complaints.length === 1 ? 'complaint' : 'complaints'}`);
  console.error(`${files} files, ${(bytes / 1e6).toFixed(1)} MB: ${relative(process.cwd(), `${root}/site`) || '.'}`);
}

function stop(reason) {
  console.error(`the site is not built: ${reason}`);
  process.exit(1);
}
