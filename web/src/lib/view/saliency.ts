// A saliency map to colours: from transparent through red and orange to pale yellow, more opaque
// where more salient.

/** Red, green, blue and opacity (0…255) of a salience 0…255. */
export function colour(salience: number): [number, number, number, number] {
  const t = salience / 255;
  return [Math.round(255 * Math.min(1, 0.45 + t)), Math.round(225 * t ** 1.4), Math.round(90 * t ** 3), Math.round(255 * t)];
}

/** Paints a map, unless it is no longer wanted when it comes; nothing is there until then. */
export async function paintSaliency(canvas: HTMLCanvasElement, source: string, wanted: AbortSignal): Promise<void> {
  canvas.width = 1;
  const image = new Image();
  image.src = source;
  await image.decode();
  if (wanted.aborted) return;
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return;
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < pixels.data.length; at += 4) pixels.data.set(colour(pixels.data[at]!), at);
  context.putImageData(pixels, 0, 0);
}
