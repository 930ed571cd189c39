import { PatchGAN, PixelGAN, type RgbImage } from 'shadegrad';
import { useState } from 'preact/hooks';
import type { VNode } from 'preact';
import { Choice } from '../../common/controls.js';
import { fieldOf, outputAt, outputsAlong } from './field.js';
import { Picture } from './picture.js';

/** The discriminators of the paper's comparison, and the one between: what they see is computed from their layers. */
const DISCRIMINATORS = [
  { network: new PixelGAN(), name: 'PixelGAN' },
  ...[1, 2, 3, 5].map((layers) => ({ network: new PatchGAN({ layers }), name: `PatchGAN, ${layers} of stride 2` })),
].map((row) => ({ ...row, field: fieldOf(row.network) }));

/** The square that one output of a discriminator sees, over the picture: moved by the pointer or the arrow keys. */
export function FieldStep({ image }: { readonly image: RgbImage }): VNode {
  const [chosen, setChosen] = useState(3);
  const { field, network } = DISCRIMINATORS[chosen]!;
  const across = outputsAlong(network, image.width);
  const down = outputsAlong(network, image.height);
  const [[x, y], setPixel] = useState([Math.floor(image.width / 2), Math.floor(image.height / 2)]);
  const fits = across > 0 && down > 0;
  const [column, row] = [outputAt(field, x!, across), outputAt(field, y!, down)];
  const span = (output: number, side: number): { begin: number; length: number } => {
    const begin = Math.max(0, field.start + output * field.stride);
    return { begin, length: Math.min(side, field.start + output * field.stride + field.size) - begin };
  };
  const [horizontal, vertical] = [span(column, image.width), span(row, image.height)];
  const words = fits
    ? `Output ${column + 1} of ${across} across, ${row + 1} of ${down} down: it sees ${field.size} x ${field.size} pixels.`
    : `It sees ${field.size} x ${field.size} pixels: this picture is too small for it.`;
  const point = (toRight: number, toBottom: number): void => {
    const pixel = (share: number, side: number): number => Math.min(side - 1, Math.max(0, Math.floor(share * side)));
    setPixel([pixel(toRight, image.width), pixel(toBottom, image.height)]);
  };
  const percent = (part: number, whole: number): string => `${(100 * part) / whole}%`;
  const place = (title: string, output: number, outputs: number, side: number, set: (pixel: number) => void): VNode => (
    <div class="field">
      <label for={`learn-${title}`}>{title}</label>
      <input
        id={`learn-${title}`}
        type="range"
        min={1}
        max={Math.max(1, outputs)}
        value={output + 1}
        disabled={!fits}
        onInput={(event) => {
          const middle = field.start + (event.currentTarget.valueAsNumber - 1) * field.stride + field.size / 2;
          set(Math.min(side - 1, Math.max(0, Math.round(middle - 0.5))));
        }}
      />
    </div>
  );
  return (
    <>
      <Choice
        label="Discriminator"
        value={String(chosen)}
        options={DISCRIMINATORS.map(({ name, field: { size } }, at) => ({ value: String(at), label: `${size} x ${size}: ${name}` }))}
        onChange={(value) => setChosen(Number(value))}
      />
      <Picture
        image={image}
        label="The picture that is judged"
        onPoint={point}
        over={
          fits && (
            <div
              class="learn-square"
              style={{
                left: percent(horizontal.begin, image.width),
                width: percent(horizontal.length, image.width),
                top: percent(vertical.begin, image.height),
                height: percent(vertical.length, image.height),
              }}
            />
          )
        }
      />
      {place('Across', column, across, image.width, (pixel) => setPixel([pixel, y!]))}
      {place('Down', row, down, image.height, (pixel) => setPixel([x!, pixel]))}
      <p role="status">{words}</p>
    </>
  );
}
