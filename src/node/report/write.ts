import type { RgbImage } from '../../data/image.js';
import { imageGrid } from '../../data/image.js';
import { writeFileAtomic } from '../files/atomic.js';
import { writePng } from '../images/read.js';
import { html, Markup } from './html.js';
import { pageHead } from './page-head.js';
import { choosePictures } from './pictures.js';
import { SCRIPT } from './script.js';
import { renderFindings } from './findings.js';
import { renderHeader, renderLosses, renderMetrics, renderSamples, renderSettings } from './sections.js';
import { STYLE } from './style.js';
import type { TrainingReport } from './types.js';

export type { MeasuredStep, PictureSet, Snapshot, TrainingReport } from './types.js';

/** Forbids the page everything that is not in the file itself. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/** Renders the report of a training run as one HTML page that needs no other file and no network. All texts in it are escaped. */
export function renderReport(report: TrainingReport): string {
  return html`${pageHead({ title: report.title, policy: POLICY, style: STYLE })}
<body>
${renderHeader(report)}
<main>
${renderFindings(report)}
${renderSamples(report, choosePictures(report))}
${renderLosses(report)}
${renderMetrics(report)}
${renderSettings(report)}
</main>
<footer>Made by shadegrad ${report.version}, deep learning on hand-written WGSL kernels.</footer>
<script>${new Markup(SCRIPT)}</script>
</body>
</html>
`.text;
}

/**
 * Writes the report of a training run, whole or not at all. The page stays below about 15 MB: if need be it shows only some of the
 * snapshots (the first, the last, and ever wider apart between) and of the validation images.
 *
 * @throws WRITE_FAILED
 */
export async function writeReport(path: string, report: TrainingReport): Promise<void> {
  await writeFileAtomic(path, renderReport(report));
}

/**
 * Writes rows of images, such as `[input, output, target]`, as one PNG for a quick look.
 *
 * @throws WRITE_FAILED; INVALID_ARGUMENT if there is no image
 */
export async function writeSampleGrid(path: string, rows: readonly (readonly RgbImage[])[]): Promise<void> {
  await writePng(path, imageGrid(rows));
}
