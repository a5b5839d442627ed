import { cleanup, fireEvent, render } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { replaceBackend } from '../../backend';
import { language } from '../../text/index.svelte';
import RecordPeek from './RecordPeek.svelte';

let asked: { name: string; request: unknown }[];

beforeEach(() => {
  vi.useFakeTimers();
  language.choice = 'en';
  asked = [];
  replaceBackend({
    call: async (name: string, request: unknown) => {
      asked.push({ name, request });
      return (name === 'source_peek' ? [] : { records: [], next: 9, left_out: 0, jump: null }) as never;
    },
    subscribe: () => () => undefined,
    desktop: null as never,
  });
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

test('following a partition asks for it until the page is left, and no longer', async () => {
  const partitions = [0, 1].map((partition) => ({ partition, leader: 1, replicas: 1, in_sync: 1, start: 0, end: 9 }));
  const page = render(RecordPeek, { source: 's', topic: 't', partitions });
  await vi.advanceTimersByTimeAsync(0);
  await fireEvent.click(page.getByRole('switch', { name: 'Follow' }));
  await vi.advanceTimersByTimeAsync(1_000);
  const follows = () => asked.filter(({ name }) => name === 'source_follow').map(({ request }) => request as { partition: number; next: number | null });
  expect(follows().map(({ partition, next }) => [partition, next])).toEqual([
    [0, null],
    [0, 9],
  ]);
  const before = asked.length;
  page.unmount();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked.length).toBe(before);
});
