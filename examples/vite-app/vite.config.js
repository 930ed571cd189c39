// Top-level await and WebGPU: browsers that have the one have the other. Relative addresses, so that the page may lie in any folder.
export default { base: './', build: { target: 'es2022' } };
