import type { AppError, FollowedRecords, FollowJump, PeekedRecord } from '../../backend/bindings';
import { asAppError } from '../../backend/errors';

/** Rows that are kept at most; the oldest give way. */
export const KEPT_ROWS = 500;
/** Bytes of keys and values that are kept at most, beside the newest row. */
export const KEPT_BYTES = 4_000_000;
/** From one answer to the next question. */
const PAUSE_MS = 1_000;
/** After a question that failed. */
const PAUSE_AFTER_ERROR_MS = 5_000;

/** One question for what has come since `next`; null: for the newest. */
export type Ask = (next: number | null) => Promise<FollowedRecords>;

/**
 * The newest records of a partition, as they come. New ones are shown at once, or, while the rows must not move, counted and kept
 * until they are asked for. Nothing is asked while it is paused, and nothing after `stop`.
 */
export class Tail {
  /** The rows that are shown, the newest first. */
  rows = $state.raw<readonly PeekedRecord[]>([]);
  /** What has come and is not shown yet, the newest first. */
  waiting = $state.raw<readonly PeekedRecord[]>([]);
  on = $state(false);
  paused = $state(false);
  /** The first answer is there. */
  begun = $state(false);
  /** Rows that gave way to newer ones. */
  dropped = $state(0);
  /** The last time that it could not go on where it was. */
  jump = $state.raw<FollowJump | null>(null);
  error = $state.raw<AppError | null>(null);
  #ask: Ask = () => Promise.reject(new Error('nothing is followed'));
  #isHeld: () => boolean = () => false;
  #next: number | null = null;
  /** Records between `waiting` and `rows` are not here: the rows go when what waits is shown, so that no hole is in them. */
  #hole = false;
  #turn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Begins with the newest records. While `isHeld` says so, new ones are not shown by themselves. */
  start(ask: Ask, isHeld: () => boolean): void {
    this.stop();
    this.#ask = ask;
    this.#isHeld = isHeld;
    this.#next = null;
    this.rows = [];
    this.waiting = [];
    this.#hole = false;
    this.dropped = 0;
    this.jump = null;
    this.error = null;
    this.paused = false;
    this.begun = false;
    this.on = true;
    void this.#look(this.#turn);
  }

  stop(): void {
    this.on = false;
    this.#halt();
  }

  pause(): void {
    this.paused = true;
    this.#halt();
  }

  /** Goes on where it was paused. */
  resume(): void {
    if (!this.on || !this.paused) return;
    this.paused = false;
    void this.#look(this.#turn);
  }

  /** Shows what waits. */
  show(): void {
    if (this.#hole) this.dropped += this.rows.length;
    this.rows = this.#fitting([...this.waiting, ...(this.#hole ? [] : this.rows)]);
    this.waiting = [];
    this.#hole = false;
  }

  /** An answer under way counts no more. */
  #halt(): void {
    this.#turn += 1;
    clearTimeout(this.#timer);
  }

  async #look(turn: number): Promise<void> {
    let pause = PAUSE_MS;
    // A window that nobody sees asks for nothing.
    if (!document.hidden) {
      try {
        const answer = await this.#ask(this.#next);
        if (turn !== this.#turn) return;
        this.error = null;
        this.#take(answer);
      } catch (error) {
        if (turn !== this.#turn) return;
        this.error = asAppError(error);
        pause = PAUSE_AFTER_ERROR_MS;
      }
    }
    this.#timer = setTimeout(() => void this.#look(turn), pause);
  }

  #take(answer: FollowedRecords): void {
    if (answer.jump !== null) this.jump = answer.jump;
    // Offsets of a log that was cut or recreated mean other records from here on.
    if (answer.jump?.cause === 'shortened') {
      this.rows = [];
      this.waiting = [];
      this.#hole = false;
    }
    // What the first answer left out is older than where following begins.
    if (this.begun && (answer.left_out > 0 || answer.jump?.cause === 'too_many')) {
      this.dropped += answer.left_out + this.waiting.length;
      this.waiting = [];
      this.#hole = true;
    }
    const isHeld = this.begun && this.rows.length > 0 && this.#isHeld();
    this.begun = true;
    this.#next = answer.next;
    if (answer.records.length > 0) {
      const all = [...answer.records.toReversed(), ...this.waiting];
      this.waiting = this.#fitting(all);
      this.#hole ||= this.waiting.length < all.length;
    }
    if (!isHeld && this.waiting.length > 0) this.show();
  }

  /** The newest of `records` that may be kept. */
  #fitting(records: readonly PeekedRecord[]): readonly PeekedRecord[] {
    let bytes = 0;
    const end = records.findIndex((record, index) => {
      bytes += weight(record);
      return index >= KEPT_ROWS || (index > 0 && bytes > KEPT_BYTES);
    });
    if (end < 0) return records;
    this.dropped += records.length - end;
    return records.slice(0, end);
  }
}

function weight(record: PeekedRecord): number {
  const headers = record.headers.reduce((sum, [name, value]) => sum + name.length + (value?.length ?? 0), 0);
  return (record.key?.length ?? 0) + (record.value?.length ?? 0) + headers;
}
