// Trains StarGAN on images with labels: node examples/train-stargan.js [--data DIR] [flags]; --help shows them all.
// Without --data it learns to turn facades that it draws into such of brick, stone or plaster, by day or by night.
const { stargan, runMain, trainScheme } = await import('shadegrad').catch(explainMissingBuild);

await runMain(() => trainScheme(stargan, process.argv.slice(2), { call: 'node examples/train-stargan.js' }));

function explainMissingBuild(error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error(
    'error: shadegrad is not installed or not built\n  fix: in a clone, run "npm ci" once (it installs and builds); ' +
      'elsewhere, "npm install shadegrad"',
  );
  process.exit(1);
}
