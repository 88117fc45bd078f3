// The gallery's map on the screen: where a picture lies, which one is meant, and how all are
// painted. Sizes are in CSS pixels.
import type { MapView } from '../api/schema.ts';

/** What part of the map is seen: its middle as a share of the map's side, and how many sides of the screen the map has. */
export interface MapExtent {
  x: number;
  y: number;
  zoom: number;
}

export interface Size {
  width: number;
  height: number;
}

export const WHOLE_MAP: MapExtent = { x: 0.5, y: 0.5, zoom: 1 };
const SIDE = 65535;
const MOST_ZOOM = 400;
/** Of the values, most frequent first, and at the end of any other; all at least 3 : 1 on black. */
export const COLOURS = ['#e3b673', '#6fb7ff', '#8fd3a8', '#ff9d8a', '#c9a2ff', '#f2e05c', '#5fd6d6', '#ff8ac4', '#b5c27a', '#9aa7ff', '#d9986b', '#8ee66b', '#7d8790'];

/** Pixels of the map's side. */
function side(view: MapExtent, screen: Size): number {
  return Math.min(screen.width, screen.height) * view.zoom;
}

/** Where a place of the map is on the screen. */
export function toScreen(view: MapExtent, screen: Size, x: number, y: number): { x: number; y: number } {
  const scale = side(view, screen);
  return { x: screen.width / 2 + (x / SIDE - view.x) * scale, y: screen.height / 2 + (y / SIDE - view.y) * scale };
}

function held(view: MapExtent): MapExtent {
  const within = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
  return { x: within(view.x, 0, 1), y: within(view.y, 0, 1), zoom: within(view.zoom, 0.8, MOST_ZOOM) };
}

/** Moved by so many pixels. */
export function movedMap(view: MapExtent, screen: Size, right: number, down: number): MapExtent {
  const scale = side(view, screen);
  return held({ ...view, x: view.x - right / scale, y: view.y - down / scale });
}

/** Nearer by a factor, the place under the pointer staying where it is. */
export function zoomedMap(view: MapExtent, screen: Size, factor: number, at: { x: number; y: number }): MapExtent {
  const zoom = held({ ...view, zoom: view.zoom * factor }).zoom;
  const [dx, dy] = [at.x - screen.width / 2, at.y - screen.height / 2];
  const [before, after] = [side(view, screen), side({ ...view, zoom }, screen)];
  return held({ x: view.x + dx / before - dx / after, y: view.y + dy / before - dy / after, zoom });
}

/** The picture that is nearest to a point of the screen, of those that are shown, if it is no further than `reach`. */
export function nearestTo(map: MapView, shown: Uint8Array, view: MapExtent, screen: Size, at: { x: number; y: number }, reach: number): number | null {
  const scale = side(view, screen) / SIDE;
  const x = (view.x * SIDE) + (at.x - screen.width / 2) / scale;
  const y = (view.y * SIDE) + (at.y - screen.height / 2) / scale;
  let best = (reach / scale) ** 2;
  let found: number | null = null;
  for (let i = 0; i < map.ids.length; i += 1) {
    const distance = (map.x[i]! - x) ** 2 + (map.y[i]! - y) ** 2;
    if (distance <= best && shown[i]) [best, found] = [distance, i];
  }
  return found;
}

/** Colours as a canvas has them in memory (little-endian RGBA). */
export const INK = Uint32Array.from(COLOURS, (colour) => {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)) as [number, number, number];
  return (255 << 24) | (blue << 16) | (green << 8) | red;
});

/** Paints squares of `dot` pixels on black. `scale` is the screen's pixels to a CSS pixel. */
export function paintMap(pixels: Uint32Array, map: MapView, inks: Uint8Array, shown: Uint8Array, view: MapExtent, screen: Size, scale: number, dot: number): void {
  pixels.fill(0xff000000);
  const [wide, high] = [Math.round(screen.width * scale), Math.round(screen.height * scale)];
  const per = (side(view, screen) * scale) / SIDE;
  const [left, top] = [wide / 2 - view.x * SIDE * per, high / 2 - view.y * SIDE * per];
  for (let i = 0; i < map.ids.length; i += 1) {
    if (!shown[i]) continue;
    const x = Math.round(left + map.x[i]! * per - dot / 2);
    const y = Math.round(top + map.y[i]! * per - dot / 2);
    if (x < 0 || y < 0 || x + dot > wide || y + dot > high) continue;
    const ink = INK[inks[i]!]!;
    for (let row = y; row < y + dot; row += 1) pixels.fill(ink, row * wide + x, row * wide + x + dot);
  }
}
