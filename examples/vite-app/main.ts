// Loads a generator that lies beside the page and translates the picture that is chosen.
import { openTranslator, requestGpu, resNet, uNet, type RgbImage } from 'shadegrad/translate';

const status = document.querySelector<HTMLElement>('#status')!;
const chooser = document.querySelector<HTMLInputElement>('#picture')!;
const canvas = document.querySelector<HTMLCanvasElement>('#result')!;

/** Says what went wrong, with the mend that errors of shadegrad bring along. */
async function attempt(what: string, task: () => Promise<void>): Promise<void> {
  status.textContent = what;
  try {
    await task();
  } catch (error) {
    status.textContent = error instanceof Error ? error.message : String(error);
  }
}

/** The pixels of a picture without their opacity. */
async function readPicture(file: Blob): Promise<RgbImage> {
  const bitmap = await createImageBitmap(file);
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  const pixels = context.getImageData(0, 0, width, height).data;
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, at) => pixels[Math.floor(at / 3) * 4 + (at % 3)]!) };
}

function show({ width, height, data }: RgbImage): void {
  const pixels = new ImageData(width, height);
  pixels.data.fill(255);
  data.forEach((value, at) => {
    pixels.data[Math.floor(at / 3) * 4 + (at % 3)] = value;
  });
  [canvas.width, canvas.height] = [width, height];
  canvas.getContext('2d')!.putImageData(pixels, 0, 0);
}

await attempt('Loading the generator ...', async () => {
  const response = await fetch('./generator.safetensors');
  if (!response.ok) throw new Error(`generator.safetensors: the server answers ${response.status}. Put a generator into public/.`);
  // Only the networks that are named here are in the bundle.
  const { translator } = await openTranslator(await requestGpu(), await response.blob(), { networks: [uNet, resNet] });
  chooser.addEventListener('change', () =>
    attempt('Translating ...', async () => {
      const [file] = chooser.files!;
      if (file) show(await translator.translate(await readPicture(file)));
      status.textContent = 'Done. Choose another picture.';
    }),
  );
  chooser.disabled = false;
  status.textContent = 'Choose a picture.';
});
