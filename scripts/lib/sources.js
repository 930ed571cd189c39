import { join } from 'node:path';

/**
 * Programs of worker threads are imported as the text of a bundle of their own: they run wherever the library lies, and whoever bundles it.
 */
const programsAsText = {
  name: 'programs-as-text',
  setup({ esbuild, initialOptions: { target }, onResolve, onLoad }) {
    const namespace = 'program-as-text';
    onResolve({ filter: /\?text$/ }, ({ path, resolveDir }) => ({ path: join(resolveDir, path.replace(/\?text$/, '')), namespace }));
    onLoad({ filter: /./, namespace }, async ({ path }) => {
      const options = { entryPoints: [path], bundle: true, format: 'cjs', platform: 'node', target, write: false };
      const { outputFiles } = await esbuild.build({ ...options, logLevel: 'silent' });
      return { contents: outputFiles[0].text, loader: 'text' };
    });
  },
};

/** What esbuild has to know to bundle src/. */
export const sources = { loader: { '.wgsl': 'text' }, plugins: [programsAsText] };
