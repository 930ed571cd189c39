#!/usr/bin/env node
// shadegrad COMMAND [arguments]; --help lists the commands. The program is src/node/programs/cli.ts.
const { runCommandLine, runMain } = await import('../dist/node.js').catch(explainMissingBuild);

await runMain(() => runCommandLine(process.argv.slice(2)));

function explainMissingBuild(error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error(
    'error: shadegrad is not built, or a package that it needs is missing\n  fix: in a clone, run "npm ci" once (it installs ' +
      'and builds); elsewhere, "npm install shadegrad" again',
  );
  process.exit(1);
}
