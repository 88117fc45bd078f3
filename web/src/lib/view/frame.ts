// Where a picture lies on its stage: fitted, zoomed about the centre, panned in shares of the
// picture, turned by quarters.
import { clamp } from './window.ts';

export interface View {
  /** 1 fits. */
  zoom: number;
  /** Of the picture's centre from the stage's, in shares of the fitted picture's longer side, before zoom. */
  x: number;
  y: number;
  /** Quarter turns clockwise. */
  turns: number;
}

export interface Size {
  width: number;
  height: number;
}

export const FITTED: View = { zoom: 1, x: 0, y: 0, turns: 0 };

/** Stage pixels a picture pixel. */
export function scaleOf(view: View, picture: Size, stage: Size): number {
  const turned = view.turns % 2 === 1;
  const [width, height] = turned ? [picture.height, picture.width] : [picture.width, picture.height];
  return view.zoom * Math.min(stage.width / width, stage.height / height);
}

/** CSS `transform` of a box with the picture's size in the stage's upper left corner. */
export function transformOf(view: View, picture: Size, stage: Size): string {
  const scale = scaleOf(view, picture, stage);
  const longer = Math.max(picture.width, picture.height) * scale;
  const x = stage.width / 2 + view.x * longer;
  const y = stage.height / 2 + view.y * longer;
  return `translate(${x}px, ${y}px) rotate(${view.turns * 90}deg) scale(${scale}) translate(-50%, -50%)`;
}

/** A place on the stage, in shares of the picture's sides (outside 0…1 beside it). */
export function inPicture(view: View, picture: Size, stage: Size, at: { x: number; y: number }): { x: number; y: number } {
  const scale = scaleOf(view, picture, stage);
  const longer = Math.max(picture.width, picture.height) * scale;
  const right = (at.x - stage.width / 2 - view.x * longer) / scale;
  const down = (at.y - stage.height / 2 - view.y * longer) / scale;
  const turned = [[right, down], [down, -right], [-right, -down], [-down, right]][view.turns % 4]!;
  return { x: turned[0]! / picture.width + 0.5, y: turned[1]! / picture.height + 0.5 };
}

export function zoomed(view: View, factor: number): View {
  return { ...view, zoom: clamp(view.zoom * factor, 0.5, 32) };
}

export function panned(view: View, x: number, y: number): View {
  return { ...view, x: clamp(view.x + x / view.zoom, -1, 1), y: clamp(view.y + y / view.zoom, -1, 1) };
}
