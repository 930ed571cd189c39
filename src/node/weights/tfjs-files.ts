import { promises as nodeFiles } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { ShadegradError } from '../../errors.js';

/**
 * What openTfjsLayers() opens the files of a manifest with: those in model.json's own folder and below, whatever
 * links say. A model is downloaded, its links with it.
 *
 * @param modelPath of model.json
 * @param open opens a file by its path
 * @returns takes a path of the manifest; throws WEIGHTS_CORRUPT for a file elsewhere, and what `open` throws
 */
export function tfjsShardOpener<T>(modelPath: string, open: (path: string) => Promise<T>): (path: string) => Promise<T> {
  const folder = dirname(modelPath);
  return async (path) => {
    const file = join(folder, path);
    // What is not there has no real path; open() says so.
    const [realFolder, realFile] = await Promise.all([folder, file].map((each) => nodeFiles.realpath(each).catch(() => null)));
    if (realFolder && realFile) {
      const way = relative(realFolder, realFile);
      if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) {
        throw new ShadegradError('WEIGHTS_CORRUPT', `${modelPath}: a file of weightsManifest is outside of its folder`, {
          expected: `a file in ${folder}`,
          received: `a link to ${realFile}`,
          fix: 'put the files themselves where the links are, if you trust the model',
        });
      }
    }
    return open(file);
  };
}
