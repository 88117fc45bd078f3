// A picture of 16-bit grey and its halves, so that what is painted is never much finer than the
// screen.
import { api } from '../api/client.ts';

export interface Level {
  width: number;
  height: number;
  values: Uint16Array;
}

/** Levels from the whole picture downwards, each half as wide; at least one. */
export type Picture = [Level, ...Level[]];

/** Each value the mean of four. An odd last row or column is left out. */
export function halved({ width, height, values }: Level): Level {
  const half = { width: width >> 1, height: height >> 1 };
  const to = new Uint16Array(half.width * half.height);
  for (let y = 0; y < half.height; y += 1) {
    const above = 2 * y * width;
    const below = above + width;
    for (let x = 0; x < half.width; x += 1) {
      const at = 2 * x;
      const sum = values[above + at]! + values[above + at + 1]! + values[below + at]! + values[below + at + 1]!;
      to[y * half.width + x] = (sum + 2) >> 2;
    }
  }
  return { ...half, values: to };
}

export function pyramid(whole: Level): Picture {
  const levels: Picture = [whole];
  for (let level = whole; Math.min(level.width, level.height) > 512; ) {
    level = halved(level);
    levels.push(level);
  }
  return levels;
}

/** The coarsest level that still has a value for each pixel of the screen. `scale`: screen pixels a picture pixel. */
export function levelFor(picture: Picture, scale: number): Level {
  const steps = Math.floor(Math.log2(1 / Math.max(scale, 1e-6)));
  return picture[Math.min(Math.max(steps, 0), picture.length - 1)] ?? picture[0];
}

export async function pictureOfQuery(id: string, signal: AbortSignal): Promise<Picture> {
  return pyramid(await api.pixels(id, signal));
}

/** Grey levels of a picture that the browser decodes. */
export async function pictureOfImage(source: string): Promise<Picture> {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('no 2D canvas');
  context.drawImage(image, 0, 0);
  const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
  const values = Uint16Array.from({ length: width * height }, (_, at) => data[4 * at]! * 257);
  return [{ width, height, values }];
}
