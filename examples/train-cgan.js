// Trains a conditional GAN on digits: node examples/train-cgan.js [--data DIR] [flags]; --help shows them all.
// Without --data it learns from digits that it draws; a folder with MNIST's own files will do, too.
const { cgan, runMain, trainScheme } = await import('shadegrad').catch(explainMissingBuild);

await runMain(() => trainScheme(cgan, process.argv.slice(2), { call: 'node examples/train-cgan.js' }));

function explainMissingBuild(error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error(
    'error: shadegrad is not installed or not built\n  fix: in a clone, run "npm ci" once (it installs and builds); ' +
      'elsewhere, "npm install shadegrad"',
  );
  process.exit(1);
}
