import { expect, test } from 'vitest';
import type { CutoverView } from '../../backend/bindings';
import { isSwitched, present } from './cutover-watch.svelte';

function view(id: string, change: Partial<CutoverView['cutover']> = {}): CutoverView {
  const cutover = { id, state: 'open', step: 'rehearse', ends: [], back: null, ...change };
  return { from: 'a', to: 'b', busy: false, steps: [], cutover } as unknown as CutoverView;
}

const ENDS = [{ topic: 't', target_topic: 't', partition: 0, source_end: 1, target_end: 1 }];

test('one before its switch comes first, then the way back of one in its window, then the newest', () => {
  const closed = view('closed', { state: 'closed' });
  const stage = view('stage', { step: 'window', ends: ENDS });
  const left = view('left', { step: 'window', ends: ENDS, back: 'back' });
  expect(present([stage, view('new'), closed])?.cutover.id).toBe('new');
  expect(present([left, view('back', { step: 'window', ends: ENDS })])?.cutover.id).toBe('back');
  expect(present([closed])?.cutover.id).toBe('closed');
  expect(present([])).toBeNull();
});

test('the switch is made when the window is open', () => {
  expect(isSwitched(view('a', { step: 'open' }))).toBe(false);
  expect(isSwitched(view('a', { step: 'window' }))).toBe(true);
});
