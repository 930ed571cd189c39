// Trains CycleGAN on two sets of images: node examples/train-cyclegan.js [--data DIR] [flags]; --help shows them all.
// Without --data it learns to turn the photos of facades that it draws into label maps, and back, and is never told which belong together.
const { cyclegan, runMain, trainScheme } = await import('shadegrad').catch(explainMissingBuild);

await runMain(() => trainScheme(cyclegan, process.argv.slice(2), { call: 'node examples/train-cyclegan.js' }));

function explainMissingBuild(error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error(
    'error: shadegrad is not installed or not built\n  fix: in a clone, run "npm ci" once (it installs and builds); ' +
      'elsewhere, "npm install shadegrad"',
  );
  process.exit(1);
}
