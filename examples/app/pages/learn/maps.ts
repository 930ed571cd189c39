import { createImage, type RgbImage } from 'shadegrad';

/** A layer's result: channels last, as tensors are. */
export interface FeatureMap {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Float32Array;
}

/** Pixels of grey between two channels of a sheet. */
const GAP = 1;

/** Draws the first channels of a layer's result in a grid, each in grey from its own smallest number (black) to its largest (white). */
export function featureSheet({ height, width, channels, data }: FeatureMap, most: number): RgbImage {
  const shown = Math.min(channels, most);
  const columns = Math.ceil(Math.sqrt(shown));
  const rows = Math.ceil(shown / columns);
  const sheet = createImage(columns * (width + GAP) - GAP, rows * (height + GAP) - GAP);
  sheet.data.fill(128);
  for (let channel = 0; channel < shown; channel++) {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let at = channel; at < data.length; at += channels) {
      low = Math.min(low, data[at]!);
      high = Math.max(high, data[at]!);
    }
    const scale = high > low ? 255 / (high - low) : 0;
    const [left, top] = [(channel % columns) * (width + GAP), Math.floor(channel / columns) * (height + GAP)];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const grey = Math.round((data[(y * width + x) * channels + channel]! - low) * scale);
        sheet.data.fill(grey, 3 * ((top + y) * sheet.width + left + x), 3 * ((top + y) * sheet.width + left + x) + 3);
      }
    }
  }
  return sheet;
}

/** A layer as the page calls it. */
export interface LayerRow {
  readonly title: string;
  /** How many convolutions of the way down it has behind it; none for layers of the way up. */
  readonly depth: number | null;
}

/** Names layers by their sizes, in the order in which they run: down to the smallest, then up again. */
export function nameLayers(sizes: readonly { readonly width: number; readonly height: number; readonly channels: number }[]): LayerRow[] {
  const areas = sizes.map(({ width, height }) => width * height);
  const turn = areas.indexOf(Math.min(...areas));
  return sizes.map(({ width, height, channels }, at) => {
    const place = at <= turn ? `Encoder ${at + 1}` : `Decoder ${at - turn}`;
    const words = channels === 1 ? '1 channel' : `${channels} channels`;
    return { title: `${place}: ${width} x ${height}, ${words}`, depth: at <= turn ? at + 1 : null };
  });
}
