import { backend } from '../../backend';
import type { Cutover, CutoverAnswer, CutoverView } from '../../backend/bindings';
import { Loadable } from '../../lib/loadable.svelte';

/** The cut-overs of one task, kept up to date while its page is open. */
export class CutoverWatch {
  readonly all = new Loadable<CutoverView[]>();
  /** A step that this page has begun. */
  working = $state(false);
  #task: string;

  constructor(task: string) {
    this.#task = task;
  }

  /** Fetches them, and again whenever one changes, until the returned function is called. */
  watch(): () => void {
    void this.refresh();
    return backend.subscribe((event) => {
      if (event.kind === 'cutover_changed' || event.kind === 'resync') void this.refresh();
    });
  }

  /** Fetches them again. */
  async refresh(): Promise<void> {
    await this.all.load(() => backend.call('cutover_list', { task: this.#task }));
  }

  /** Carries something out that changes one of them. */
  async act(work: () => Promise<unknown>): Promise<void> {
    this.working = true;
    try {
      await work();
    } finally {
      this.working = false;
      await this.refresh();
    }
  }
}

/** The one that a person carries on: before its switch if there is such, else the last one of a chain that goes on. */
export function present(all: readonly CutoverView[]): CutoverView | null {
  const goesOn = all.filter(({ cutover }) => cutover.state === 'open' || cutover.state === 'abandoning');
  return goesOn.find(({ cutover }) => cutover.ends.length === 0) ?? goesOn.find(({ cutover }) => cutover.back === null) ?? goesOn[0] ?? all[0] ?? null;
}

/** Whether its switch is made. */
export function isSwitched(view: CutoverView): boolean {
  return view.cutover.step === 'window' || view.cutover.step === 'close';
}

/** What holds it and is shown so. The way back is closed in a dialog of its own, not overruled by the way. */
export function holdingOf(cutover: Cutover): CutoverAnswer[] {
  return (cutover.held?.answers ?? []).filter(({ question }) => question !== 'way_back');
}
