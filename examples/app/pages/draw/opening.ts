import { models } from '../../common/models.js';
import type { ModelRow } from '../../common/model-rows.js';
import { explain, report } from '../../common/notices.js';
import { replaceRoute } from '../../shell/route.js';
import { emptySheet, exampleOf } from './examples.js';
import { keepDrawing, keptDrawing } from './kept.js';
import { decodeDrawing, LinkError } from './link.js';
import { drawingOf, PictureError, type PictureSource } from './pictures-in.js';
import { resized, Resizer, type Raster } from './raster.js';
import type { Studio, Subject } from './studio.js';
import { swatchesFor } from './swatches.js';

/** Subjects are opened one at a time: what an earlier one still loads is thrown away. */
let openings = 0;
const resizer = new Resizer();

/**
 * Begins with a subject: the drawing of the link that brought one here, the one from before a reload, the one that lies there, or an
 * example.
 *
 * @param map the drawing of a link
 */
export async function openSubject(studio: Studio, subject: Subject, row: ModelRow | undefined, map: string | null): Promise<void> {
  const opening = ++openings;
  const linked = map === null ? null : await ofLink(subject, map);
  const raster = linked ?? lying(studio, subject) ?? (await firstExample(subject, row)) ?? emptySheet(subject);
  if (opening !== openings) return;
  // What lay on the sheet comes back with undo.
  if (linked && isOpen(studio, subject)) studio.editor.peek()!.replace(linked.data);
  else if (map === null || linked || !isOpen(studio, subject)) studio.begin(subject, raster);
  if (map !== null) {
    keepDrawing(subject, raster);
    // A reload brings what was drawn since, and not the link's drawing again.
    replaceRoute('draw');
  }
}

/** Whether a drawing of this very subject is on the sheet. */
function isOpen(studio: Studio, { input, palette, width, height }: Subject): boolean {
  const now = studio.subject.peek();
  return now?.input === input && now.palette === palette && now.width === width && now.height === height;
}

/** What lies on the sheet, or was kept for a reload. */
function lying(studio: Studio, subject: Subject): Raster | null {
  const now = studio.subject.peek();
  const raster = studio.editor.peek()?.raster;
  const isSame = now?.input === subject.input && now.palette === subject.palette;
  if (isSame && raster) return resizer.resize(raster, subject.width, subject.height);
  return keptDrawing(subject, swatchesFor(subject.input, subject.palette).length);
}

async function ofLink(subject: Subject, map: string): Promise<Raster | null> {
  try {
    if (subject.input === 'pictures')
      throw new LinkError('The model that is chosen takes pictures, not drawings. Choose one for drawings first.');
    const raster = await decodeDrawing(map, swatchesFor(subject.input, subject.palette).length);
    return resized(raster, subject.width, subject.height);
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    report({ kind: 'problem', title: 'The drawing of this link could not be opened', text: error.message });
    return null;
  }
}

async function firstExample(subject: Subject, row: ModelRow | undefined): Promise<Raster | null> {
  try {
    return await exampleOf(subject, row, 0);
  } catch {
    // One begins with an empty sheet; whoever asks for an example is told.
    return null;
  }
}

/** Brings another example in. */
export async function bringExample(studio: Studio): Promise<void> {
  const subject = studio.subject.peek();
  if (!subject) return;
  try {
    const raster = await exampleOf(subject, studio.model.peek()?.row, Math.random());
    if (raster && studio.subject.peek() === subject) studio.editor.peek()!.replace(raster.data);
    studio.say('Another example');
  } catch (error) {
    tellPicture(error);
  }
}

/** Brings a picture in: out of a file, the clipboard or a camera. */
export async function bringPicture(studio: Studio, source: PictureSource, name?: string): Promise<void> {
  const subject = studio.subject.peek();
  if (!subject) return;
  try {
    const { raster, words } = await drawingOf(source, subject, name);
    if (studio.subject.peek() !== subject) return;
    studio.editor.peek()!.replace(raster.data);
    report({ id: 'picture', kind: 'hint', title: words });
  } catch (error) {
    tellPicture(error);
  }
}

function tellPicture(error: unknown): void {
  report(
    error instanceof PictureError
      ? {
          id: 'picture',
          kind: 'problem',
          title: 'There is no picture to bring in',
          text: error.message,
          fix: 'PNG, JPEG, WebP and GIF can be read.',
        }
      : explain(error),
  );
}

/** Tells of a link to a model that this site does not have. */
export function tellOfModel(id: string | null): void {
  if (!id || models.peek().some((row) => row.id === id)) return;
  report({
    kind: 'hint',
    title: `The link is for a model “${id}”, which is not here`,
    text: 'The drawing is shown with another model.',
    fix: 'Open the file of that model if you have it.',
  });
}
