import type { PartitionHealth, PartitionsView } from '../backend/bindings';

type Tone = 'ok' | 'busy' | 'warn' | 'bad' | 'idle';

/** How partitions are shown that are like this. */
export const HEALTH_TONES: Record<PartitionHealth, Tone> = { stopped: 'bad', troubled: 'warn', behind: 'busy', at_rest: 'idle', keeps_up: 'ok' };

/** The letters of a summary. */
const LETTERS: Record<string, PartitionHealth> = { s: 'stopped', t: 'troubled', b: 'behind', r: 'at_rest', k: 'keeps_up' };
const HEXADECIMAL = 16;

/** The cells of a strip: how each partition is, and how far between its start and its end. */
export function partitionCells(summary: PartitionsView | undefined): { tone: Tone; fill: number }[] {
  if (!summary) return [];
  return Array.from(summary.health, (letter, index) => ({
    tone: HEALTH_TONES[LETTERS[letter] ?? 'at_rest'],
    fill: Number.parseInt(summary.filled.charAt(index), HEXADECIMAL) / (HEXADECIMAL - 1),
  }));
}
