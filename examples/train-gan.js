// Trains the first GAN on digits: node examples/train-gan.js [--data DIR] [flags]; --help shows them all.
// Without --data it learns from digits that it draws; a folder with MNIST's own files, or any folder of images, will do, too.
const { gan, runMain, trainScheme } = await import('shadegrad').catch(explainMissingBuild);

await runMain(() => trainScheme(gan, process.argv.slice(2), { call: 'node examples/train-gan.js' }));

function explainMissingBuild(error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error(
    'error: shadegrad is not installed or not built\n  fix: in a clone, run "npm ci" once (it installs and builds); ' +
      'elsewhere, "npm install shadegrad"',
  );
  process.exit(1);
}
