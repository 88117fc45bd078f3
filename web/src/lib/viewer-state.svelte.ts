// How both pictures of a comparison are seen: one view, one window, so that they stay linked.
import { FITTED, panned, zoomed } from './view/frame.ts';
import { dragged, WHOLE } from './view/window.ts';
import type { Action } from './keys.ts';

class ViewerState {
  view = $state.raw(FITTED);
  window = $state.raw(WHOLE);
  inverted = $state(false);
  saliency = $state(false);
  opacity = $state(0.5);
  /** Whether what makes both pictures similar is shown in place of where the model looks. */
  evidence = $state(false);
  /** Whether a region is being drawn. */
  region = $state(false);

  reset(): void {
    this.view = FITTED;
    this.window = WHOLE;
    this.inverted = false;
  }

  /** Shows one of the two, or none if it is shown already. */
  #overlay(evidence: boolean): void {
    this.saliency = !this.saliency || this.evidence !== evidence;
    this.evidence = evidence;
  }

  /** Does what a key says, if it is about the view. */
  act(action: Action): boolean {
    const does: Partial<Record<Action, () => void>> = {
      wider: () => (this.window = dragged(this.window, 0.05, 0)),
      narrower: () => (this.window = dragged(this.window, -0.05, 0)),
      brighter: () => (this.window = dragged(this.window, 0, 0.05)),
      darker: () => (this.window = dragged(this.window, 0, -0.05)),
      zoomIn: () => (this.view = zoomed(this.view, 1.25)),
      zoomOut: () => (this.view = zoomed(this.view, 0.8)),
      panRight: () => (this.view = panned(this.view, 0.05, 0)),
      panLeft: () => (this.view = panned(this.view, -0.05, 0)),
      panDown: () => (this.view = panned(this.view, 0, 0.05)),
      panUp: () => (this.view = panned(this.view, 0, -0.05)),
      invert: () => (this.inverted = !this.inverted),
      rotate: () => (this.view = { ...this.view, turns: (this.view.turns + 1) % 4 }),
      reset: () => this.reset(),
      saliency: () => this.#overlay(false),
      evidence: () => this.#overlay(true),
      region: () => (this.region = !this.region),
    };
    does[action]?.();
    return action in does;
  }
}

export const viewerState = new ViewerState();
