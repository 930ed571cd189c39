import { report, reportError, type Notice } from '../../common/notices.js';
import { hrefOf } from '../../shell/route.js';
import { encodeDrawing, LinkError } from './link.js';
import type { Studio } from './studio.js';

/** What can be saved. */
export type Part = 'result' | 'drawing' | 'both';

/** The pixels of a part, as they are shown; null where there are none yet. */
export async function pictureOf(studio: Studio, part: Part): Promise<ImageData | null> {
  const drawing = studio.pixels;
  if (part === 'drawing') return drawing;
  const result = await studio.resultPixels();
  return part === 'result' || !result ? result : drawing && sideBySide(drawing, result);
}

/** The drawing on the left and the result on the right, on white where their heights differ. */
function sideBySide(left: ImageData, right: ImageData): ImageData {
  const image = new ImageData(left.width + right.width, Math.max(left.height, right.height));
  image.data.fill(255);
  for (const [{ width, height, data }, from] of [
    [left, 0],
    [right, left.width],
  ] as const) {
    for (let y = 0; y < height; y++) image.data.set(data.subarray(4 * y * width, 4 * (y + 1) * width), 4 * (y * image.width + from));
  }
  return image;
}

async function pngOf(image: ImageData): Promise<Blob> {
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext('2d')!.putImageData(image, 0, 0);
  return canvas.convertToBlob({ type: 'image/png' });
}

const NOTHING: Notice = {
  kind: 'hint',
  title: 'There is no result yet',
  text: 'A model has to translate the drawing first.',
  fix: 'Save the drawing by itself, or choose a model.',
};

/** Saves a part as a PNG file, with the pixels as they are. */
export async function savePicture(studio: Studio, part: Part): Promise<void> {
  const image = await pictureOf(studio, part).catch(reportError);
  if (image === undefined) return;
  if (!image) return report(NOTHING);
  const address = URL.createObjectURL(await pngOf(image));
  const link = document.createElement('a');
  link.href = address;
  link.download = `shadegrad-${part === 'both' ? 'drawing-and-result' : part}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  studio.say(`${link.download} saved`);
}

/** Copies the result, or the drawing where there is none, to the clipboard. */
export async function copyPicture(studio: Studio): Promise<void> {
  const image = pictureOf(studio, studio.result.peek() ? 'result' : 'drawing');
  try {
    // The promise itself: Safari asks for the right to write while the click is handled.
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': image.then((found) => pngOf(found!)) })]);
    studio.say('Picture copied');
  } catch (error) {
    report({
      kind: 'problem',
      title: 'The picture could not be copied',
      text: 'The browser did not let this page write to the clipboard.',
      fix: 'Save it, or allow the clipboard in the site’s settings.',
      details: String(error),
    });
  }
}

/** The address that holds the drawing, with its model and seed; null where it cannot be made, which is told. */
export async function linkOf(studio: Studio): Promise<string | null> {
  const raster = studio.editor.peek()?.raster;
  if (!raster) return null;
  try {
    if (raster.channels === 3) throw new LinkError('A picture does not fit into an address. Save it, and send the file.');
    const row = studio.model.peek()?.row;
    const query = {
      // Models out of files are on nobody else's page.
      ...(row?.file !== undefined && { model: row.id }),
      seed: String(studio.seed.peek()),
      map: await encodeDrawing(raster),
    };
    return new URL(hrefOf('draw', query), document.baseURI).href;
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    report({ kind: 'hint', title: 'There is no link for this drawing', text: error.message });
    return null;
  }
}
