// What pointers and keys do on the stage of one picture: window, move, zoom, pinch, measure, and
// draw the box of a region.
import type { Region } from './api/schema.ts';
import { settings } from './settings.svelte.ts';
import { inPicture, panned, zoomedAt, type Point } from './view/frame.ts';
import { CLICK, distance, dragOf, pinchOf, zoomOfDrag, zoomOfWheel, type Drag } from './view/gesture.ts';
import { POINTS, type Tool } from './view/measure.ts';
import { clamp, dragged } from './view/window.ts';
import { viewerState, type Side, type SideName } from './viewer-state.svelte.ts';

type Mode = Drag | 'box' | 'point' | 'end';

interface Press {
  mode: Mode;
  /** Where it began, and where it was last, in pixels of the stage. */
  from: Point;
  last: Point;
  moved: boolean;
}

/** An end of a measurement that is moved. */
interface End {
  measurement: number;
  point: number;
}

const ARROWS: Record<string, Point> = { ArrowLeft: { x: -1, y: 0 }, ArrowRight: { x: 1, y: 0 }, ArrowUp: { x: 0, y: -1 }, ArrowDown: { x: 0, y: 1 } };

export class Stage {
  readonly name: SideName;
  /** The region to search, in shares of the picture. */
  box = $state.raw<Region>({ left: 0.3, top: 0.3, width: 0.4, height: 0.4 });
  #press: Press | null = null;
  #fingers = new Map<number, Point>();
  #end: End | null = null;
  readonly #draws: () => boolean;

  constructor(name: SideName, draws: () => boolean) {
    this.name = name;
    this.#draws = draws;
  }

  get #side(): Side {
    return viewerState.sides[this.name];
  }

  #share(at: Point): Point {
    const { x, y } = inPicture(this.#side.view, this.#side.frame, at);
    return { x: clamp(x, 0, 1), y: clamp(y, 0, 1) };
  }

  down(event: PointerEvent): void {
    const stage = event.currentTarget as HTMLElement;
    stage.setPointerCapture(event.pointerId);
    viewerState.active = this.name;
    const at = placeOn(stage, event);
    if (event.pointerType === 'touch') this.#fingers.set(event.pointerId, at);
    if (this.#fingers.size > 1) {
      this.#cancelPress();
      return;
    }
    this.#press = { mode: this.#modeOf(event), from: at, last: at, moved: false };
    if (this.#press.mode === 'point') this.#setPoint(this.#share(at));
  }

  #modeOf(event: PointerEvent): Mode {
    const plain = event.button === 0 && !viewerState.space && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (plain && this.#draws()) return 'box';
    const end = plain ? (event.target as Element).closest<SVGElement>('[data-end]')?.dataset['end'] : undefined;
    if (end) {
      const [measurement = 0, point = 0] = end.split(' ').map(Number);
      this.#end = { measurement, point };
      return 'end';
    }
    if (plain && viewerState.tool) return 'point';
    return dragOf(event, viewerState.space, settings.drags);
  }

  move(event: PointerEvent): void {
    const at = placeOn(event.currentTarget as HTMLElement, event);
    if (viewerState.tool) this.#side.cursor = this.#share(at);
    if (this.#fingers.size > 1) {
      this.#pinch(event.pointerId, at);
      return;
    }
    const press = this.#press;
    if (!press) return;
    press.moved ||= distance(press.from, at) > CLICK;
    if (!press.moved) return;
    this.#drag(press, at);
    press.last = at;
  }

  #drag({ mode, from, last }: Press, at: Point): void {
    const { view, window, frame } = this.#side;
    const by = { x: at.x - last.x, y: at.y - last.y };
    if (viewerState.space) viewerState.spaceUsed = true;
    if (mode === 'window') viewerState.setWindow(this.name, dragged(window, by.x / frame.stage.width, by.y / frame.stage.height));
    else if (mode === 'pan') viewerState.setView(this.name, panned(view, frame, by));
    else if (mode === 'zoom') viewerState.setView(this.name, zoomedAt(view, frame, zoomOfDrag(by.y), from));
    else if (mode === 'end') this.#moveEnd(this.#share(at));
    else if (mode === 'box') {
      const [a, b] = [this.#share(from), this.#share(at)];
      this.box = { left: Math.min(a.x, b.x), top: Math.min(a.y, b.y), width: Math.abs(b.x - a.x), height: Math.abs(b.y - a.y) };
    }
  }

  up(event: PointerEvent): void {
    this.#fingers.delete(event.pointerId);
    const press = this.#press;
    this.#press = this.#end = null;
    // A line may be dragged as well as clicked at both ends.
    if (press?.mode === 'point' && press.moved && this.#side.draft.length > 0) this.#setPoint(this.#share(placeOn(event.currentTarget as HTMLElement, event)));
  }

  /** What was pressed with the first finger is undone when the second comes. */
  #cancelPress(): void {
    if (this.#press?.mode === 'point') this.#side.draft = this.#side.draft.slice(0, -1);
    this.#press = this.#end = null;
  }

  #pinch(id: number, at: Point): void {
    const before = [...this.#fingers.values()];
    if (!this.#fingers.has(id)) return;
    this.#fingers.set(id, at);
    const after = [...this.#fingers.values()];
    const { factor, by, at: middle } = pinchOf([before[0]!, before[1]!], [after[0]!, after[1]!]);
    const { view, frame } = this.#side;
    viewerState.setView(this.name, zoomedAt(panned(view, frame, by), frame, factor, middle));
  }

  wheel(event: WheelEvent): void {
    event.preventDefault();
    const { view, frame } = this.#side;
    const at = placeOn(event.currentTarget as HTMLElement, event);
    viewerState.setView(this.name, zoomedAt(view, frame, zoomOfWheel(event), at));
  }

  doubleClick(): void {
    if (!viewerState.tool && !this.#draws()) viewerState.enlarge(this.name);
  }

  /** With a tool in hand the arrows move the point to be set, and Enter sets it. */
  key(event: KeyboardEvent): void {
    const arrow = ARROWS[event.key];
    if (!viewerState.tool || event.shiftKey || !(arrow || event.key === 'Enter')) return;
    event.preventDefault();
    event.stopPropagation();
    const { frame, view } = this.#side;
    const cursor = this.#side.cursor ?? this.#share({ x: frame.stage.width / 2, y: frame.stage.height / 2 });
    if (!arrow) this.#setPoint(cursor);
    else this.#side.cursor = this.#stepped(cursor, arrow, Math.max(0.01 / view.zoom, 0.0005));
  }

  /** Moved by a share of the picture, the way the arrow points on the stage. */
  #stepped(point: Point, arrow: Point, share: number): Point {
    const { turns, mirrored } = this.#side.view;
    const [x, y] = ([[arrow.x, arrow.y], [arrow.y, -arrow.x], [-arrow.x, -arrow.y], [-arrow.y, arrow.x]] as const)[turns % 4]!;
    return { x: clamp(point.x + (mirrored ? -x : x) * share, 0, 1), y: clamp(point.y + y * share, 0, 1) };
  }

  #setPoint(point: Point): void {
    const tool: Tool | null = viewerState.tool;
    if (!tool) return;
    const points = [...this.#side.draft, point];
    this.#side.draft = points.length < POINTS[tool] ? points : [];
    if (points.length >= POINTS[tool]) viewerState.measure(this.name, { tool, points });
  }

  #moveEnd(to: Point): void {
    const end = this.#end;
    const side = this.#side;
    side.measurements = side.measurements.map((measurement, at) =>
      at === end?.measurement ? { ...measurement, points: measurement.points.with(end.point, to) } : measurement);
  }
}

function placeOn(stage: HTMLElement, event: MouseEvent): Point {
  const bounds = stage.getBoundingClientRect();
  return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
}
