// How the two pictures of a comparison are seen, measured and laid over. Each side has a view and
// a window of its own; what is linked follows the side in use.
import type { Action } from './keys.ts';
import { settings } from './settings.svelte.ts';
import { FITTED, flippedAcross, flippedDown, panned, turned, zoomedAt, type Frame, type Point, type View } from './view/frame.ts';
import type { Measurement, Tool } from './view/measure.ts';
import type { Preset, Presets } from './view/presets.ts';
import { dragged, WHOLE, type Window } from './view/window.ts';

export type SideName = 'query' | 'record';
export const SIDES = ['query', 'record'] as const;
/** How far a key moves, in shares of the stage. */
const STEP = 0.05;

/** How one picture is seen. */
export class Side {
  view = $state.raw<View>(FITTED);
  window = $state.raw<Window>(WHOLE);
  inverted = $state(false);
  measurements = $state.raw<readonly Measurement[]>([]);
  /** The points set of a measurement that is not complete, and where the next would be. */
  draft = $state.raw<readonly Point[]>([]);
  cursor = $state.raw<Point | null>(null);
  presets = $state.raw<Presets | null>(null);
  frame = $state.raw<Frame>({ picture: { width: 1, height: 1 }, stage: { width: 1, height: 1 } });
  /** Which picture it is. */
  source = '';

  reset(): void {
    this.view = FITTED;
    this.window = WHOLE;
    this.inverted = false;
  }
}

class ViewerState {
  readonly sides: Record<SideName, Side> = { query: new Side(), record: new Side() };
  /** The side that keys and buttons are about. */
  active = $state<SideName>('query');
  /** The side that has the whole place. */
  enlarged = $state<SideName | null>(null);
  tool = $state<Tool | null>(null);
  /** Whether the space bar is held, so that dragging moves, and whether it did. */
  space = $state(false);
  spaceUsed = false;
  saliency = $state(false);
  opacity = $state(0.5);
  /** Whether what makes both pictures similar is shown in place of where the model looks. */
  evidence = $state(false);
  /** Whether a region is being drawn. */
  region = $state(false);

  get side(): Side {
    return this.sides[this.active];
  }

  /** Forgets all of a side's last picture. Another query forgets the tools in hand as well. */
  show(name: SideName, source: string): void {
    const side = this.sides[name];
    if (side.source === source) return;
    Object.assign(side, { source, measurements: [], draft: [], cursor: null, presets: null });
    side.reset();
    if (name === 'query') {
      this.enlarged = this.tool = null;
      this.region = false;
    } else {
      if (settings.linkedView) this.#follow('query');
      if (settings.linkedWindow) side.window = this.sides.query.window;
    }
  }

  setView(name: SideName, view: View): void {
    this.sides[name].view = view;
    if (settings.linkedView) this.#follow(name);
  }

  setWindow(name: SideName, window: Window): void {
    for (const other of settings.linkedWindow ? SIDES : [name]) this.sides[other].window = window;
  }

  /** Each side's own values make a preset, so that of linked ones each has its own. */
  setPreset(preset: Preset): void {
    for (const name of settings.linkedWindow ? SIDES : [this.active]) {
      const side = this.sides[name];
      side.window = side.presets?.[preset] ?? WHOLE;
    }
  }

  reset(): void {
    SIDES.forEach((name) => this.sides[name].reset());
    this.enlarged = null;
    this.#putAway();
  }

  /** Lets go of what is in hand, one thing at a time; false if there is nothing. */
  back(): boolean {
    if (SIDES.some((name) => this.sides[name].draft.length > 0)) this.#forgetDrafts();
    else if (this.tool) this.#putAway();
    else if (this.region) this.region = false;
    else if (this.enlarged) this.enlarged = null;
    else return false;
    return true;
  }

  #putAway(): void {
    this.tool = null;
    this.#forgetDrafts();
  }

  #forgetDrafts(): void {
    SIDES.forEach((name) => Object.assign(this.sides[name], { draft: [], cursor: null }));
  }

  measure(name: SideName, measurement: Measurement): void {
    const side = this.sides[name];
    side.measurements = [...side.measurements, measurement];
  }

  /** Removes a measurement, or the last one. */
  unmeasure(name: SideName, at = -1): void {
    const side = this.sides[name];
    side.measurements = side.measurements.toSpliced(at, 1);
  }

  enlarge(name: SideName): void {
    this.enlarged = this.enlarged ? null : name;
    this.active = name;
  }

  take(tool: Tool): void {
    const taken = this.tool === tool ? null : tool;
    this.#putAway();
    this.tool = taken;
    this.region = false;
  }

  /** The other side gets zoom and place, but is mirrored and turned as it was. */
  #follow(name: SideName): void {
    const { zoom, x, y } = this.sides[name].view;
    const other = this.sides[name === 'query' ? 'record' : 'query'];
    other.view = { ...other.view, zoom, x, y };
  }

  #zoom(factor: number): void {
    const { view, frame } = this.side;
    this.setView(this.active, zoomedAt(view, frame, factor, { x: frame.stage.width / 2, y: frame.stage.height / 2 }));
  }

  #pan({ x, y }: Point): void {
    const { view, frame } = this.side;
    this.setView(this.active, panned(view, frame, { x: x * frame.stage.width, y: y * frame.stage.height }));
  }

  #drag(right: number, down: number): void {
    this.setWindow(this.active, dragged(this.side.window, right, down));
  }

  /** Shows one of the two maps, or none if it is shown already. */
  #overlay(evidence: boolean): void {
    this.saliency = !this.saliency || this.evidence !== evidence;
    this.evidence = evidence;
  }

  #linkView(): void {
    settings.linkedView = !settings.linkedView;
    if (settings.linkedView) this.#follow(this.active);
  }

  #linkWindow(): void {
    settings.linkedWindow = !settings.linkedWindow;
    if (settings.linkedWindow) this.setWindow(this.active, this.side.window);
  }

  #other(): void {
    this.active = this.active === 'query' ? 'record' : 'query';
    if (this.enlarged) this.enlarged = this.active;
  }

  #turn(view: View): void {
    this.side.view = view;
  }

  readonly #does: Partial<Record<Action, () => void>> = {
    wider: () => this.#drag(STEP, 0),
    narrower: () => this.#drag(-STEP, 0),
    brighter: () => this.#drag(0, STEP),
    darker: () => this.#drag(0, -STEP),
    zoomIn: () => this.#zoom(1.25),
    zoomOut: () => this.#zoom(0.8),
    panRight: () => this.#pan({ x: STEP, y: 0 }),
    panLeft: () => this.#pan({ x: -STEP, y: 0 }),
    panDown: () => this.#pan({ x: 0, y: STEP }),
    panUp: () => this.#pan({ x: 0, y: -STEP }),
    presetStored: () => this.setPreset('stored'),
    presetFull: () => this.setPreset('full'),
    presetBone: () => this.setPreset('bone'),
    presetLung: () => this.setPreset('lung'),
    presetSoft: () => this.setPreset('soft'),
    linkWindow: () => this.#linkWindow(),
    linkView: () => this.#linkView(),
    invert: () => (this.side.inverted = !this.side.inverted),
    rotate: () => this.#turn(turned(this.side.view, 1)),
    rotateBack: () => this.#turn(turned(this.side.view, -1)),
    flipAcross: () => this.#turn(flippedAcross(this.side.view)),
    flipDown: () => this.#turn(flippedDown(this.side.view)),
    otherSide: () => this.#other(),
    enlarge: () => this.enlarge(this.active),
    reset: () => this.reset(),
    ruler: () => this.take('ruler'),
    angle: () => this.take('angle'),
    cobb: () => this.take('cobb'),
    unmeasure: () => this.unmeasure(this.active),
    saliency: () => this.#overlay(false),
    evidence: () => this.#overlay(true),
    region: () => { this.region = !this.region; this.#putAway(); },
  };

  /** Does what a key says, if it is about the view. */
  act(action: Action): boolean {
    this.#does[action]?.();
    return action in this.#does;
  }
}

export const viewerState = new ViewerState();
