// Translates images with a trained generator:
// node examples/translate.js --weights CHECKPOINT --input FILE|DIR --output DIR [flags]; --help shows them all.
// The program is src/node/programs/translate.ts.
const { runMain, translateImages } = await import('shadegrad').catch(explainMissingBuild);

await runMain(() => translateImages(process.argv.slice(2)));

function explainMissingBuild(error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error(
    'error: shadegrad is not installed or not built\n  fix: in a clone, run "npm ci" once (it installs and builds); ' +
      'elsewhere, "npm install shadegrad"',
  );
  process.exit(1);
}
