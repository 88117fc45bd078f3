import { describe, expect, it } from 'vitest';
import { INK, movedMap, nearestTo, paintMap, toScreen, WHOLE_MAP, zoomedMap } from '../../src/lib/view/map.ts';
import type { MapView } from '../../src/lib/api/schema.ts';

const screen = { width: 400, height: 200 };
const map: MapView = { ids: [11, 12, 13], x: [0, 32768, 65535], y: [0, 32768, 65535], traits: [], newer: 0 };
const all = Uint8Array.of(1, 1, 1);

describe('the gallery\'s map', () => {
  it('fits the shorter side of the screen', () => {
    expect(toScreen(WHOLE_MAP, screen, 0, 0)).toEqual({ x: 100, y: 0 });
    expect(toScreen(WHOLE_MAP, screen, 65535, 65535)).toEqual({ x: 300, y: 200 });
  });

  it('keeps the place under the pointer where it is', () => {
    const at = { x: 130, y: 40 };
    const view = zoomedMap(WHOLE_MAP, screen, 5, at);
    const { x, y } = toScreen(view, screen, 0.15 * 65535, 0.2 * 65535);
    expect([x, y]).toEqual([expect.closeTo(130), expect.closeTo(40)]);
    expect(zoomedMap(view, screen, 1e9, at).zoom).toBe(400);
  });

  it('moves with the pointer, and never out of sight', () => {
    const moved = movedMap({ ...WHOLE_MAP, zoom: 2 }, screen, 40, -20);
    expect(moved).toEqual({ x: 0.4, y: 0.55, zoom: 2 });
    expect(movedMap(moved, screen, 1e6, 0).x).toBe(0);
  });

  it('finds the picture that is meant, of those that are shown', () => {
    const near = { x: 202, y: 101 };
    expect(nearestTo(map, all, WHOLE_MAP, screen, near, 12)).toBe(1);
    expect(nearestTo(map, all, WHOLE_MAP, screen, { x: 240, y: 100 }, 12)).toBeNull();
    expect(nearestTo(map, Uint8Array.of(1, 0, 1), WHOLE_MAP, screen, near, 1e4)).toBe(2);
  });

  it('paints what is shown in its colour, and nothing beyond the edge', () => {
    const pixels = new Uint32Array(400 * 200);
    paintMap(pixels, map, Uint8Array.of(0, 3, 1), Uint8Array.of(1, 1, 0), WHOLE_MAP, screen, 1, 2);
    expect(pixels[100 * 400 + 200]).toBe(INK[3]);
    expect(pixels.filter((pixel) => pixel !== 0xff000000)).toHaveLength(4);
  });

  it('paints 100,000 points', () => {
    const many = Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 65536);
    const large: MapView = { ids: many, x: many, y: many.map((x) => (x * 31) % 65536), traits: [], newer: 0 };
    const [wide, pixels] = [{ width: 1600, height: 900 }, new Uint32Array(1600 * 900)];
    const inks = new Uint8Array(100_000);
    paintMap(pixels, large, inks, inks.fill(1), WHOLE_MAP, wide, 1, 2);
    expect(pixels.some((pixel) => pixel === INK[1])).toBe(true);
  });
});
