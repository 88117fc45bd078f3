// Window and level on 16-bit grey values, through a table of 65,536 colours. Shares of the whole
// range: 0 black, 1 white.

export interface Window {
  center: number;
  width: number;
}

export const WHOLE: Window = { center: 0.5, width: 1 };
/** The narrowest window, in shares: 64 of 65,536 values. */
const LEAST_WIDTH = 0.001;

export function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

/** As viewers do: to the right is wider, down is brighter (the centre sinks). In shares of the stage's size. */
export function dragged(window: Window, right: number, down: number): Window {
  const width = clamp(window.width * Math.exp(2 * right), LEAST_WIDTH, 2);
  return { width, center: clamp(window.center - down * Math.max(window.width, 0.1), 0, 1) };
}

/** A window's centre and width in the file's values, where it is known which of them are black and white; else in per cent. */
export function readout({ center, width }: Window, ends: readonly [number, number] | null): { center: number; width: number; unit: 'values' | 'percent' } {
  if (!ends) return { center: center * 100, width: width * 100, unit: 'percent' };
  const [black, white] = ends;
  return { center: black + center * (white - black), width: width * Math.abs(white - black), unit: 'values' };
}

/** Grey 0…255 of a value 0…65,535. */
export function grey(value: number, window: Window, inverted: boolean): number {
  const share = clamp((value / 65535 - window.center) / window.width + 0.5, 0, 1);
  return Math.round(255 * (inverted ? 1 - share : share));
}

/** The opaque colour of every value, as a canvas keeps it on a little-endian machine. */
export function fillTable(table: Uint32Array, window: Window, inverted: boolean): void {
  for (let value = 0; value < table.length; value += 1) {
    const level = grey(value, window, inverted);
    table[value] = (0xff000000 | (level * 0x010101)) >>> 0;
  }
}
