// Trains DCGAN on a folder of images: node examples/train-dcgan.js [--data DIR] [flags]; --help shows them all.
// Without --data it learns to make photos of facades like those that it draws.
const { dcgan, runMain, trainScheme } = await import('shadegrad').catch(explainMissingBuild);

await runMain(() => trainScheme(dcgan, process.argv.slice(2), { call: 'node examples/train-dcgan.js' }));

function explainMissingBuild(error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error(
    'error: shadegrad is not installed or not built\n  fix: in a clone, run "npm ci" once (it installs and builds); ' +
      'elsewhere, "npm install shadegrad"',
  );
  process.exit(1);
}
