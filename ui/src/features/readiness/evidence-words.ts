import type { EvidenceValue } from '../../backend/bindings';
import { bytes, delay, whole } from '../../lib/format';
import { absolute } from '../../lib/time.svelte';
import { say } from '../../text/say';
import type { readiness } from '../../text/en/readiness';

type Texts = typeof readiness;
/** Facts in ms that are points in time; the others that end in `_ms` are spans. */
const TIMES = /_at_ms$|^last_write_ms$|^last_sync_ms$/;
/** Numbers that name something: no separators within them. */
const NAMES = /producer_id$/;

/** What a fact is called; one that is not known by its own name. */
export function factName(name: string, texts: Texts): string {
  return texts.facts[name] ?? name.replace(/_ms$/, '').replaceAll('_', ' ');
}

/** A fact's value as a person reads it. */
export function factValue(name: string, value: EvidenceValue, texts: Texts): string {
  if (typeof value === 'boolean') return value ? texts.yes : texts.no;
  if (typeof value === 'string') return say(value);
  if (TIMES.test(name)) return absolute(value);
  if (name.endsWith('_ms')) return delay(value);
  if (name.endsWith('_bytes') || name === 'size') return bytes(value);
  return NAMES.test(name) ? String(value) : whole(value);
}
