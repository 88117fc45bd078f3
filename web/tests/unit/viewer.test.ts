// The geometry of the viewer: windows, frames, gestures, directions, measurements.
import { describe, expect, it } from 'vitest';
import { FITTED, flippedAcross, flippedDown, inPicture, onStage, panned, scaleOf, transformOf, turned, zoomedAt, type Frame, type View } from '../../src/lib/view/frame.ts';
import { factsOfQuery, factsOfRecord } from '../../src/lib/view/facts.ts';
import { dragOf, pinchOf, USUAL, zoomOfDrag, zoomOfWheel } from '../../src/lib/view/gesture.ts';
import { linesOf, scaleBy, textOf, valueOf, type Measurement } from '../../src/lib/view/measure.ts';
import { edgesOf } from '../../src/lib/view/orientation.ts';
import { presetsOf } from '../../src/lib/view/presets.ts';
import { dragged, fillTable, grey, readout, WHOLE } from '../../src/lib/view/window.ts';
import type { QueryView } from '../../src/lib/api/schema.ts';

const frame: Frame = { picture: { width: 400, height: 200 }, stage: { width: 200, height: 200 } };
const turns = [0, 1, 2, 3];
const views: View[] = turns.flatMap((quarters) => [false, true].map((mirrored) => ({ zoom: 3, x: 0.1, y: -0.2, turns: quarters, mirrored })));

describe('windows', () => {
  it('map ends to ends and turn over', () => {
    expect([grey(0, WHOLE, false), grey(65535, WHOLE, false), grey(0, WHOLE, true)]).toEqual([0, 255, 255]);
    expect(grey(32768, { center: 0.5, width: 0.001 }, false)).toBe(129);
  });
  it('fill tables as they map', () => {
    const table = new Uint32Array(65536);
    fillTable(table, WHOLE, false);
    expect([table[0], table[65535]]).toEqual([0xff000000, 0xffffffff]);
  });
  it('widen to the right and brighten downwards', () => {
    expect(dragged(WHOLE, 0.1, 0).width).toBeGreaterThan(1);
    expect(dragged(WHOLE, 0, 0.1).center).toBeLessThan(0.5);
  });
  it('are read in values of the file, or in per cent', () => {
    expect(readout({ center: 0.25, width: 0.5 }, [0, 4096])).toEqual({ center: 1024, width: 2048, unit: 'values' });
    expect(readout({ center: 0.25, width: 0.5 }, [4096, 0])).toEqual({ center: 3072, width: 2048, unit: 'values' });
    expect(readout({ center: 0.25, width: 0.5 }, null)).toEqual({ center: 25, width: 50, unit: 'percent' });
  });
});

describe('presets', () => {
  it('are shares of a picture, without its ends', () => {
    const values = Uint16Array.from({ length: 12_000 }, (_, at) => (at < 1000 ? 0 : at >= 11_000 ? 65535 : at * 2));
    const { stored, full, lung, bone } = presetsOf({ width: 120, height: 100, values });
    expect(stored).toEqual(WHOLE);
    expect(full).toEqual(WHOLE);
    expect((lung.center - lung.width / 2) * 65535).toBeCloseTo(2000 + 0.005 * 20_000, -1.5);
    expect((bone.center - bone.width / 2) * 65535).toBeCloseTo(10_000, -1.5);
  });
  it('are the whole of a picture that has one value, or none', () => {
    expect(Object.values(presetsOf({ width: 2, height: 1, values: Uint16Array.of(7, 7) }))).toEqual(Array(5).fill(WHOLE));
    expect(Object.values(presetsOf({ width: 0, height: 0, values: new Uint16Array() }))).toEqual(Array(5).fill(WHOLE));
  });
});

describe('frames', () => {
  it('fit, also turned', () => {
    expect(scaleOf(FITTED, frame)).toBe(0.5);
    expect(scaleOf({ ...FITTED, turns: 1 }, { picture: { width: 200, height: 100 }, stage: { width: 100, height: 300 } })).toBe(1);
  });
  it('find places in the picture', () => {
    expect(inPicture(FITTED, frame, { x: 0, y: 50 })).toEqual({ x: 0, y: 0 });
    const at = inPicture({ ...FITTED, turns: 1 }, frame, { x: 150, y: 0 });
    expect([at.x, at.y]).toEqual([0, 0]);
    expect(inPicture({ ...FITTED, mirrored: true }, frame, { x: 0, y: 50 }).x).toBe(1);
  });
  it('find them on the stage again, however it is seen', () => {
    for (const view of views) {
      const at = onStage(view, frame, inPicture(view, frame, { x: 37, y: 91 }));
      expect([at.x, at.y].map((n) => n.toFixed(6))).toEqual(['37.000000', '91.000000']);
    }
  });
  it('zoom at a place: what is under the pointer stays', () => {
    for (const view of views) {
      const before = inPicture(view, frame, { x: 150, y: 60 });
      const after = inPicture(zoomedAt(view, frame, 1.7, { x: 150, y: 60 }), frame, { x: 150, y: 60 });
      expect(after.x).toBeCloseTo(before.x, 9);
      expect(after.y).toBeCloseTo(before.y, 9);
    }
    expect(zoomedAt(FITTED, frame, 1e9, { x: 0, y: 0 }).zoom).toBe(32);
  });
  it('are panned by pixels of the stage, as far as some picture is left', () => {
    const view = { ...FITTED, zoom: 4 };
    const [before, after] = [view, panned(view, frame, { x: 10, y: -20 })].map((one) => onStage(one, frame, { x: 0.3, y: 0.3 }));
    expect([after!.x - before!.x, after!.y - before!.y].map(Math.round)).toEqual([10, -20]);
    expect(panned(view, frame, { x: 1e6, y: 0 }).x).toBe(1);
  });
  it('are flipped and turned as the stage shows them', () => {
    for (const view of views) {
      const place = (seen: View) => onStage(seen, frame, { x: 0.2, y: 0.7 });
      const { x, y } = place(view);
      expect(place(flippedAcross(view)).x).toBeCloseTo(200 - x, 6);
      expect(place(flippedAcross(view)).y).toBeCloseTo(y, 6);
      expect(place(flippedDown(view)).x).toBeCloseTo(x, 6);
      expect(place(flippedDown(view)).y).toBeCloseTo(200 - y, 6);
      for (const back of [flippedAcross(flippedAcross(view)), flippedDown(flippedDown(view)), turned(turned(view, 1), -1)]) {
        expect(transformOf(back, frame)).toBe(transformOf(view, frame));
      }
    }
  });
});

describe('gestures', () => {
  const press = (button: number, keys = {}) => ({ button, ctrlKey: false, shiftKey: false, altKey: false, metaKey: false, ...keys });
  it('follow the habit, and keys before it', () => {
    expect([0, 1, 2, 4].map((button) => dragOf(press(button), false, USUAL))).toEqual(['window', 'pan', 'window', 'window']);
    expect(dragOf(press(2), false, { ...USUAL, right: 'zoom' })).toBe('zoom');
    expect(dragOf(press(0), true, USUAL)).toBe('pan');
    expect(dragOf(press(0, { altKey: true }), false, USUAL)).toBe('pan');
    expect([{ ctrlKey: true }, { shiftKey: true }].map((keys) => dragOf(press(0, keys), false, USUAL))).toEqual(['zoom', 'zoom']);
  });
  it('zoom in upwards', () => {
    expect(zoomOfDrag(-10)).toBeGreaterThan(1);
    expect(zoomOfWheel({ deltaY: -100, deltaMode: 0, ctrlKey: false })).toBeGreaterThan(1);
    expect(zoomOfWheel({ deltaY: 3, deltaMode: 1, ctrlKey: false })).toBeCloseTo(zoomOfWheel({ deltaY: 99, deltaMode: 0, ctrlKey: false }));
  });
  it('of two fingers zoom by their distance and move with their middle', () => {
    const pinch = pinchOf([{ x: 0, y: 0 }, { x: 10, y: 0 }], [{ x: 0, y: 4 }, { x: 30, y: 4 }]);
    expect(pinch).toEqual({ factor: 3, by: { x: 10, y: 4 }, at: { x: 15, y: 4 } });
  });
});

describe('directions', () => {
  const chest = { right: 'L', down: 'F' };
  it('are at the edges that the header names, and their opposites', () => {
    expect(edgesOf(chest, FITTED)).toEqual({ top: 'H', right: 'L', bottom: 'F', left: 'R' });
    expect(edgesOf({ right: 'AL', down: 'FP' }, FITTED)).toEqual({ top: 'HA', right: 'AL', bottom: 'FP', left: 'PR' });
  });
  it('follow flips and turns', () => {
    expect(edgesOf(chest, flippedAcross(FITTED))).toEqual({ top: 'H', right: 'R', bottom: 'F', left: 'L' });
    expect(edgesOf(chest, flippedDown(FITTED))).toEqual({ top: 'F', right: 'L', bottom: 'H', left: 'R' });
    expect(edgesOf(chest, turned(FITTED, 1))).toEqual({ top: 'R', right: 'H', bottom: 'L', left: 'F' });
    expect(edgesOf(chest, turned(flippedAcross(FITTED), 1))).toEqual({ top: 'L', right: 'H', bottom: 'R', left: 'F' });
  });
});

describe('measurements', () => {
  const millimetres = scaleBy({ rows: 0.2, columns: 0.1, at_detector: false }, 1000, 500);
  const units = { mm: 'mm', detector: 'mm at the detector', pixels: 'pixels' };
  const of = (tool: Measurement['tool'], ...points: [number, number][]): Measurement => ({ tool, points: points.map(([x, y]) => ({ x, y })) });
  it('are in millimetres where the distance of pixels is known', () => {
    expect(valueOf(of('ruler', [0, 0], [0.3, 0.4]), millimetres)).toBeCloseTo(50);
    expect(textOf(of('ruler', [0, 0], [0.3, 0.4]), millimetres, 'en', units)).toBe('50.0 mm');
    expect(textOf(of('ruler', [0, 0], [0.3, 0.4]), scaleBy({ rows: 0.2, columns: 0.1, at_detector: true }, 1000, 500), 'de', units)).toBe('50,0 mm at the detector');
  });
  it('are in pixels else', () => expect(textOf(of('ruler', [0, 0], [0.3, 0.8]), scaleBy(null, 1000, 500), 'en', units)).toBe('500 pixels'));
  it('of angles are between the arms, on the true shape of pixels', () => {
    expect(valueOf(of('angle', [0.1, 0], [0, 0], [0, 0.1]), millimetres)).toBeCloseTo(90);
    expect(valueOf(of('angle', [0.1, 0.1], [0, 0], [0.1, 0]), millimetres)).toBeCloseTo(45);
    expect(valueOf(of('angle', [-0.1, 0], [0, 0], [0.1, 0]), millimetres)).toBeCloseTo(180);
    expect(textOf(of('angle', [0.1, 0], [0, 0], [0, 0.1]), scaleBy(null, 10, 10), 'en', units)).toBe('90.0°');
  });
  it('of Cobb do not depend on the direction of the lines', () => {
    const lines = [[0, 0], [0.1, 0.02], [0, 0.5], [0.1, 0.48]] as [number, number][];
    const angle = valueOf(of('cobb', ...lines), millimetres)!;
    expect(angle).toBeCloseTo((2 * Math.atan(0.2) * 180) / Math.PI);
    expect(valueOf(of('cobb', lines[1]!, lines[0]!, lines[2]!, lines[3]!), millimetres)).toBeCloseTo(angle);
    expect(linesOf(of('cobb', ...lines))).toHaveLength(2);
  });
  it('are none before there are points enough', () => {
    expect([of('ruler', [0, 0]), of('angle', [0, 0], [1, 1]), of('cobb', [0, 0], [1, 1], [0, 1])].map((one) => valueOf(one, millimetres))).toEqual([null, null, null]);
  });
});

describe('facts', () => {
  const query = { width: 10, height: 20, header: { laterality: 'L', orientation: { right: 'L', down: 'F' }, spacing: { rows: 0.5, columns: 0.5, at_detector: true }, window: [0, 4096] } } as unknown as QueryView;
  it('are those of the header', () => expect(factsOfQuery(query)).toEqual({ orientation: { right: 'L', down: 'F' }, laterality: 'L', window: [0, 4096], scale: { width: 5, height: 10, unit: 'detector' } }));
  it('are none of an older header, or of a record', () => {
    expect(factsOfQuery({ ...query, header: {} as QueryView['header'] })).toEqual(factsOfRecord(query));
  });
});
