// Where a picture lies on its stage: fitted, zoomed, moved, mirrored and turned by quarters. All
// but the fitting is about places of the stage, so that it means the same on a linked one.
import { clamp } from './window.ts';

export interface View {
  /** 1 fits. */
  zoom: number;
  /** Of the picture's centre from the stage's, in shares of the fitted picture's longer side, before zoom. */
  x: number;
  y: number;
  /** Quarter turns clockwise, after mirroring. */
  turns: number;
  /** Whether left and right of the picture are exchanged. */
  mirrored: boolean;
}

export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

/** What a view is seen by. */
export interface Frame {
  picture: Size;
  stage: Size;
}

export const FITTED: View = { zoom: 1, x: 0, y: 0, turns: 0, mirrored: false };
const LEAST_ZOOM = 0.5;
const MOST_ZOOM = 32;

/** Stage pixels a picture pixel. */
export function scaleOf(view: View, { picture, stage }: Frame): number {
  const turned = view.turns % 2 === 1;
  const [width, height] = turned ? [picture.height, picture.width] : [picture.width, picture.height];
  return view.zoom * Math.min(stage.width / width, stage.height / height);
}

/** Stage pixels of the picture's longer side, before zoom. */
function fittedSide(view: View, frame: Frame): number {
  return (Math.max(frame.picture.width, frame.picture.height) * scaleOf(view, frame)) / view.zoom;
}

/** Where the picture's centre is on the stage. */
function centreOf(view: View, frame: Frame): Point {
  const side = fittedSide(view, frame) * view.zoom;
  return { x: frame.stage.width / 2 + view.x * side, y: frame.stage.height / 2 + view.y * side };
}

/** CSS `transform` of a box with the picture's size in the stage's upper left corner. */
export function transformOf(view: View, frame: Frame): string {
  const scale = scaleOf(view, frame);
  const { x, y } = centreOf(view, frame);
  return `translate(${x}px, ${y}px) rotate(${view.turns * 90}deg) scale(${view.mirrored ? -scale : scale}, ${scale}) translate(-50%, -50%)`;
}

/** A place on the stage, in shares of the picture's sides (outside 0…1 beside it). */
export function inPicture(view: View, frame: Frame, at: Point): Point {
  const scale = scaleOf(view, frame);
  const centre = centreOf(view, frame);
  const [right, down] = [(at.x - centre.x) / scale, (at.y - centre.y) / scale];
  const [x, y] = ([[right, down], [down, -right], [-right, -down], [-down, right]] as const)[view.turns % 4]!;
  return { x: (view.mirrored ? -x : x) / frame.picture.width + 0.5, y: y / frame.picture.height + 0.5 };
}

/** The place on the stage of one in the picture: the inverse of `inPicture`. */
export function onStage(view: View, frame: Frame, at: Point): Point {
  const scale = scaleOf(view, frame);
  const centre = centreOf(view, frame);
  const across = (at.x - 0.5) * frame.picture.width * scale;
  const [x, y] = [view.mirrored ? -across : across, (at.y - 0.5) * frame.picture.height * scale];
  const [right, down] = ([[x, y], [-y, x], [-x, -y], [y, -x]] as const)[view.turns % 4]!;
  return { x: centre.x + right, y: centre.y + down };
}

/** Zoomed so that what is under a place of the stage stays there. */
export function zoomedAt(view: View, frame: Frame, factor: number, at: Point): View {
  const zoom = clamp(view.zoom * factor, LEAST_ZOOM, MOST_ZOOM);
  const moves = (1 / zoom - 1 / view.zoom) / fittedSide(view, frame);
  const { width, height } = frame.stage;
  return placed({ ...view, zoom }, view.x + (at.x - width / 2) * moves, view.y + (at.y - height / 2) * moves);
}

/** Moved by pixels of the stage. */
export function panned(view: View, frame: Frame, by: Point): View {
  const side = fittedSide(view, frame) * view.zoom;
  return placed(view, view.x + by.x / side, view.y + by.y / side);
}

/** Some of the picture stays on the stage. */
function placed(view: View, x: number, y: number): View {
  return { ...view, x: clamp(x, -1, 1), y: clamp(y, -1, 1) };
}

/** Turned by quarters clockwise about the stage's centre. */
export function turned(view: View, quarters: 1 | -1): View {
  const { x, y } = view;
  return { ...view, x: -y * quarters, y: x * quarters, turns: (view.turns + quarters + 4) % 4 };
}

/** Left and right of the stage exchanged. */
export function flippedAcross(view: View): View {
  return { ...view, x: -view.x, turns: (4 - view.turns) % 4, mirrored: !view.mirrored };
}

/** Above and below exchanged. */
export function flippedDown(view: View): View {
  return { ...view, y: -view.y, turns: (6 - view.turns) % 4, mirrored: !view.mirrored };
}
