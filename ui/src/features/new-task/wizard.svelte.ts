import { backend } from '../../backend';
import { asAppError } from '../../backend/errors';
import type { AppError, FieldError, PreCheckReport, TaskSettings, TaskView, TopicListing } from '../../backend/bindings';
import { Loadable } from '../../lib/loadable.svelte';
import { writeEnd } from './end';
import { blankChoices, fromSettings, positive, sameSettings, toSettings, writeStart, type Choices } from './choices';
import { TopicNames } from './naming.svelte';
import { plan } from './plan';
import { PreCheck } from './pre-check.svelte';

/** The steps by their numbers. */
export type Step = 1 | 2 | 3 | 4 | 5;
/** The first and the last step. */
export const FIRST_STEP = 1;
export const LAST_STEP = 5;

/** Fields of the form that can be wrong; each has a text of its own. */
export type Wrong =
  | 'nameEmpty'
  | 'nameLong'
  | 'sourceEmpty'
  | 'targetEmpty'
  | 'rateRecords'
  | 'rateMegabytes'
  | 'replicationFactor'
  | 'objectsEmpty'
  | 'include'
  | 'exclude'
  | 'start'
  | 'end'
  | 'overrides'
  | 'regex'
  | 'names';

const LONGEST_NAME = 64;
const KEPT = 'new-task';

/** What the wizard knows and does; its pages only show it. */
export class Wizard {
  choices = $state<Choices>(blankChoices());
  step = $state<Step>(1);
  draftId = $state<string | null>(null);
  /** The task after its launch. */
  launched = $state.raw<TaskView | null>(null);
  /** Why the draft could not be opened. */
  openError = $state.raw<AppError | null>(null);
  opening = $state(false);
  /** The task of the draft was started meanwhile. */
  alreadyStarted = $state(false);
  /** What the backend said about the last attempt to save. */
  saveError = $state.raw<AppError | null>(null);
  /** Whether mistakes are shown: after the first attempt to go on. */
  attempted = $state(false);
  readonly check = new PreCheck();
  /** That of the task that copies back, of a pair. */
  readonly otherCheck = new PreCheck();
  readonly sourceTopics = new Loadable<TopicListing[]>();
  readonly targetTopics = new Loadable<TopicListing[]>();
  #saved: TaskSettings | null = null;
  #asked = { source: '', target: '' };

  readonly settings = $derived(toSettings(this.choices));
  readonly names = new TopicNames();
  readonly naming = $derived(this.names.answer.value);
  readonly plan = $derived(plan(this.settings, this.naming, this.sourceTopics.value, this.targetTopics.value));
  readonly nameLength = $derived([...this.choices.name.trim()].length);
  readonly wrong = $derived.by((): Record<Step, Wrong[]> => ({
    1: this.#wrongInFirst(),
    2: this.#wrongInObjects(),
    3: this.#wrongInMapping(),
    4: [],
    5: [],
  }));
  /** The last step that may be opened. */
  readonly reachable = $derived.by((): Step => {
    for (const step of [1, 2, 3] as const) if (this.wrong[step].length > 0) return step;
    return this.mayStart ? 5 : 4;
  });
  /** Whether what was found lets the task start, or both tasks of a pair. */
  readonly mayStart = $derived.by(() => this.check.report?.may_start === true && (!this.choices.bothWays || this.otherCheck.report?.may_start === true));

  /** Fields that the backend found wrong. */
  get fields(): FieldError[] {
    return this.saveError?.fields ?? [];
  }

  /** Opens a draft that was saved, with what was entered since and not saved. */
  async open(id: string, step: number | null): Promise<void> {
    this.opening = true;
    try {
      const task = await backend.call('task_show', { task: id, brief: true });
      if (task.started_ms !== null) {
        this.draftId = task.id;
        this.alreadyStarted = true;
        return;
      }
      this.draftId = task.id;
      this.#saved = task.settings;
      this.choices = this.#kept(task.id) ?? fromSettings(task.settings);
      await this.names.now(this.settings, this.sourceTopics.value);
      this.check.show(sameSettings(this.settings, task.settings) ? (task.pre_check as PreCheckReport | null) : null);
      if (task.partner && task.partner.name !== null) {
        const other = await backend.call('task_show', { task: task.partner.id, brief: true });
        this.otherCheck.show(this.check.report === null ? null : (other.pre_check as PreCheckReport | null));
      }
      this.refreshTopics();
      this.step = Math.min(step ?? this.reachable, this.reachable) as Step;
      if (task.state === 'pre_checking') {
        this.step = 4;
        void this.check.follow(task.id, () => this.#lookForEnd(task.id));
      } else if (this.step === 4 && this.check.report === null) {
        void this.runCheck();
      }
    } catch (error) {
      this.openError = asAppError(error);
    } finally {
      this.opening = false;
    }
  }

  /** Takes up what was entered before a reload and never saved. */
  resumeUnsaved(): void {
    const kept = this.#kept('');
    if (kept) this.choices = kept;
    this.refreshTopics();
  }

  /** Keeps what is entered over a reload. Nothing of it is secret. */
  keep(): void {
    sessionStorage.setItem(KEPT, JSON.stringify({ draft: this.draftId ?? '', choices: this.choices }));
  }

  #kept(draft: string): Choices | null {
    const text = sessionStorage.getItem(KEPT);
    if (text === null) return null;
    try {
      const kept = JSON.parse(text) as { draft: string; choices: Choices };
      return kept.draft === draft ? { ...blankChoices(), ...kept.choices } : null;
    } catch {
      // Written by another version: what was saved counts.
      return null;
    }
  }

  /** Asks the chosen clusters for their topics, where that was not done yet. */
  refreshTopics(): void {
    for (const side of ['source', 'target'] as const) {
      const id = this.choices[side];
      if (this.#asked[side] !== id) this.askTopics(side);
    }
  }

  /** Asks one cluster for its topics. */
  askTopics(side: 'source' | 'target'): void {
    const id = this.choices[side];
    const topics = side === 'source' ? this.sourceTopics : this.targetTopics;
    if (this.#asked[side] !== id) topics.clear();
    this.#asked[side] = id;
    if (id !== '') void topics.load(() => backend.call('source_topics', { source: id }));
  }

  /** Has patterns and names judged a little later, as they are then. */
  judgeSoon(): void {
    this.names.soon(this.settings, this.sourceTopics.value);
  }

  /** Goes to a step that may be opened, saving on the way. Returns whether it is there. */
  async go(to: Step): Promise<boolean> {
    await this.names.now(this.settings, this.sourceTopics.value);
    if (to > this.step) {
      const between = ([1, 2, 3] as const).filter((step) => step < to);
      const faulty = between.find((step) => this.wrong[step].length > 0);
      if (faulty !== undefined) {
        this.attempted = true;
        this.step = faulty;
        return false;
      }
    }
    // Going back loses nothing; input that is not valid yet is kept by this page alone.
    const isValid = this.wrong[1].length === 0 && this.wrong[2].length === 0 && this.wrong[3].length === 0;
    if (isValid ? !(await this.save()) : to > this.step && !(await this.#saveEarly())) return false;
    this.attempted = false;
    this.step = Math.min(to, this.reachable) as Step;
    if (this.step === 4 && this.check.report === null && !this.check.running) void this.runCheck();
    return true;
  }

  /** Saves the draft. Returns whether it is saved; otherwise `saveError` says why. */
  async save(): Promise<boolean> {
    const settings = this.settings;
    if (this.#saved !== null && sameSettings(this.#saved, settings)) {
      this.saveError = null;
      return true;
    }
    try {
      const task =
        this.draftId === null || this.choices.bothWays !== (this.choices.partner !== null)
          ? await this.#make(settings)
          : await backend.call('task_edit', { task: this.draftId, settings });
      this.draftId = task.id;
      this.#saved = task.settings;
      this.check.forget();
      this.otherCheck.forget();
      this.saveError = null;
      this.keep();
      return true;
    } catch (error) {
      this.saveError = asAppError(error);
      return false;
    }
  }

  /** Makes the draft, or both of a pair. Drafts before it go: a task gets or loses no partner. */
  async #make(settings: TaskSettings): Promise<TaskView> {
    const before = [this.draftId, this.choices.partner].filter((id) => id !== null);
    const { both_ways: _, ...alone } = settings;
    let made: TaskView;
    if (this.choices.bothWays) {
      const pair = await backend.call('task_create_pair', { settings: alone, other_name: null });
      this.choices.partner = pair.other.id;
      made = pair.task;
    } else {
      made = await backend.call('task_create', { settings: alone });
      this.choices.partner = null;
    }
    for (const task of before) await backend.call('task_delete', { task });
    return made;
  }

  /** A draft after the first step, before topics are chosen: with what is valid already. */
  async #saveEarly(): Promise<boolean> {
    return this.wrong[1].length === 0 && this.wrong[2].length > 0 ? true : this.save();
  }

  /** Inspects both clusters. */
  async runCheck(): Promise<void> {
    if (!(await this.save()) || this.draftId === null) return;
    await this.check.run(this.draftId);
    if (this.choices.partner !== null && !this.check.error) await this.otherCheck.run(this.choices.partner);
  }

  /** Launches the task. `confirm`: the target's name, typed, where that is asked for. */
  async start(confirm: string | null): Promise<void> {
    if (this.draftId === null) return;
    try {
      const { partner } = this.choices;
      // Where one of a pair is started and the other is refused, the next try finds the first at work.
      const shown = partner === null ? null : await backend.call('task_show', { task: this.draftId, brief: true });
      const first = shown !== null && shown.started_ms !== null ? shown : await backend.call('task_start', { task: this.draftId, confirm });
      // It makes the topics that its target lacks, which the other one reads.
      if (partner !== null) await backend.call('task_start', { task: partner, confirm: null });
      this.launched = first;
      sessionStorage.removeItem(KEPT);
    } catch (error) {
      // Something changed since the pre-check, maybe: the report is not what it was.
      const task = await backend.call('task_show', { task: this.draftId, brief: true });
      if (task.state === 'pre_check_failed') this.check.report = null;
      throw error;
    }
  }

  async #lookForEnd(id: string): Promise<boolean> {
    const task = await backend.call('task_show', { task: id, brief: true });
    if (task.state === 'pre_checking') return false;
    this.check.show(task.pre_check as PreCheckReport | null);
    return true;
  }

  #wrongInFirst(): Wrong[] {
    const { choices } = this;
    const wrong: Wrong[] = [];
    if (this.nameLength === 0) wrong.push('nameEmpty');
    if (this.nameLength > LONGEST_NAME) wrong.push('nameLong');
    if (choices.source === '') wrong.push('sourceEmpty');
    if (choices.target === '') wrong.push('targetEmpty');
    if (positive(choices.rateRecords) === undefined) wrong.push('rateRecords');
    if (positive(choices.rateMegabytes) === undefined) wrong.push('rateMegabytes');
    if (positive(choices.replicationFactor) === undefined) wrong.push('replicationFactor');
    return wrong;
  }

  #wrongInObjects(): Wrong[] {
    const { choices } = this;
    const wrong: Wrong[] = [];
    if (choices.objects === 'chosen' && choices.topics.length === 0) wrong.push('objectsEmpty');
    if (choices.objects === 'pattern') {
      if (choices.include.trim() === '' || (this.naming?.include ?? null) !== null) wrong.push('include');
      if ((this.naming?.exclude ?? null) !== null) wrong.push('exclude');
    }
    if (writeStart(choices.start) === null) wrong.push('start');
    if (writeEnd(choices.end) === undefined) wrong.push('end');
    if (choices.overrides.some(({ topic, start, end }) => topic === '' || writeStart(start) === null || writeEnd(end) === undefined)) wrong.push('overrides');
    return wrong;
  }

  #wrongInMapping(): Wrong[] {
    const wrong: Wrong[] = [];
    if (this.naming?.rules.some((problem) => problem !== null)) wrong.push('regex');
    if (this.plan.errors > 0) wrong.push('names');
    return wrong;
  }
}
