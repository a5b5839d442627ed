import { language } from '../text/index.svelte';
import { say } from '../text/say';

/** Pages that one search goes through before it asks whether to go on. */
const MOST_PAGES = 20;

/** Whether the backend cannot look for `text`, because its sentences are translated on the page. */
export function isSaidHere(text: string): boolean {
  return language.current === 'zh' && /\p{Script=Han}/u.test(text);
}

/** Whether one of `sentences` has `text` in it, as the backend wrote it or as the page shows it. */
export function saysText(text: string, sentences: (string | null)[]): boolean {
  const wanted = text.trim().toLowerCase();
  return sentences.some((sentence) => sentence !== null && `${sentence}\n${say(sentence)}`.toLowerCase().includes(wanted));
}

/** What a search has found, and where it goes on. */
export interface Found<Row> {
  rows: Row[];
  /** The row to go on behind; `null` at the end. */
  before: number | null;
}

/** Reads pages, newest first, until `enough` rows fit or many pages have been read. */
export async function searchPages<Row extends { id: number }>(
  ask: (before: number | null) => Promise<Row[]>,
  fits: (row: Row) => boolean,
  from: number | null,
  size: number,
): Promise<Found<Row>> {
  const rows: Row[] = [];
  let before = from;
  for (let pages = 0; pages < MOST_PAGES && rows.length < size; pages += 1) {
    const page = await ask(before);
    rows.push(...page.filter(fits));
    if (page.length < size) return { rows, before: null };
    before = page.at(-1)?.id ?? null;
  }
  return { rows, before };
}
