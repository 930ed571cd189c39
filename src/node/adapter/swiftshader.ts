import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cacheFolder, unpackOnce, unpackTarBrotli } from '../files/unpack.js';

/** The npm package whose files hold SwiftShader and a Vulkan loader for Linux on x64. */
export const SWIFTSHADER_PACKAGE = '@sparticuz/chromium';

/** Where the unpacked software driver lies. */
export interface SwiftShader {
  /** A Vulkan loader, for machines that have none. */
  loader: string;
  /** The manifest to name in `VK_DRIVER_FILES`. */
  manifest: string;
  /** Version of the npm package that it came from. */
  version: string;
}

/**
 * Unpacks SwiftShader from the installed npm package into the per-user cache, once per version.
 *
 * @throws Error saying why there is none: another platform, or the package is not installed
 */
export async function unpackSwiftShader(): Promise<SwiftShader> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`the embedded SwiftShader is for Linux on x64, this is ${process.platform} on ${process.arch}`);
  }
  const { folder, version } = await findPackage();
  const driver = await unpackOnce(join(await cacheFolder(), `swiftshader-${version}`), async (temporary) => {
    await unpackTarBrotli(join(folder, 'bin', 'swiftshader.tar.br'), temporary);
  });
  return { loader: join(driver, 'libvulkan.so.1'), manifest: join(driver, 'vk_swiftshader_icd.json'), version };
}

/** The installed `@sparticuz/chromium`: beside this library, or in the program that uses it. */
export async function findPackage(): Promise<{ folder: string; version: string }> {
  for (const from of [import.meta.url, pathToFileURL(join(process.cwd(), 'package.json')).href]) {
    let entry: string;
    try {
      entry = createRequire(from).resolve(SWIFTSHADER_PACKAGE);
    } catch {
      continue;
    }
    for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
      const description = await readFile(join(folder, 'package.json'), 'utf8').then(JSON.parse, () => undefined);
      if (description?.name === SWIFTSHADER_PACKAGE) return { folder, version: description.version };
    }
  }
  throw new Error(`the npm package ${SWIFTSHADER_PACKAGE}, which carries SwiftShader, is not installed`);
}
