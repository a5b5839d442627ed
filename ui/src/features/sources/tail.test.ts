import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FollowedRecords, PeekedRecord } from '../../backend/bindings';
import { KEPT_BYTES, KEPT_ROWS, Tail } from './tail.svelte';

const record = (offset: number, bytes = 1): PeekedRecord => ({
  offset,
  timestamp_ms: 0,
  key: null,
  value: Array.from({ length: bytes }, () => 0),
  headers: [],
  key_bytes: null,
  value_bytes: bytes,
  truncated: false,
});
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => record(from + n));
const answer = (from: number, to: number, more: Partial<FollowedRecords> = {}): FollowedRecords => ({
  records: range(from, to),
  next: to,
  left_out: 0,
  jump: null,
  ...more,
});
const offsets = (rows: readonly PeekedRecord[]) => rows.map(({ offset }) => offset);

let asked: (number | null)[];
let answers: (FollowedRecords | Error)[];
let held: boolean;
let tail: Tail;
const ask = async (next: number | null): Promise<FollowedRecords> => {
  asked.push(next);
  const one = answers.shift() ?? answer(next ?? 0, next ?? 0);
  if (one instanceof Error) throw one;
  return one;
};

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  answers = [];
  held = false;
  tail = new Tail();
});
afterEach(() => {
  tail.stop();
  vi.useRealTimers();
});

test('the newest rows come first, and each question goes on where the last answer ended', async () => {
  answers = [answer(7, 10), answer(10, 12)];
  tail.start(ask, () => held);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked).toEqual([null, 10]);
  expect(offsets(tail.rows)).toEqual([11, 10, 9, 8, 7]);
});

test('while rows are held, new ones are counted, and come when they are asked for or the rows are let go', async () => {
  held = true;
  answers = [answer(0, 2), answer(2, 4), answer(4, 5)];
  tail.start(ask, () => held);
  await vi.advanceTimersByTimeAsync(0);
  expect(offsets(tail.rows)).toEqual([1, 0]);
  const before = tail.rows;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(tail.rows).toBe(before);
  expect(offsets(tail.waiting)).toEqual([4, 3, 2]);
  tail.show();
  expect([offsets(tail.rows), tail.waiting.length]).toEqual([[4, 3, 2, 1, 0], 0]);

  answers = [answer(5, 6)];
  await vi.advanceTimersByTimeAsync(1_000);
  expect(offsets(tail.waiting)).toEqual([5]);
  held = false;
  await vi.advanceTimersByTimeAsync(1_000);
  expect([offsets(tail.rows).slice(0, 2), tail.waiting.length]).toEqual([[5, 4], 0]);
});

test('rows are bounded in number and in bytes, and what gives way is counted', async () => {
  answers = [answer(0, 100), ...Array.from({ length: 5 }, (_, n) => answer(100 + n * 100, 200 + n * 100))];
  tail.start(ask, () => held);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(tail.rows.length).toBe(KEPT_ROWS);
  expect(tail.rows.at(-1)?.offset).toBe(100);
  expect(tail.dropped).toBe(100);

  answers = [{ ...answer(600, 602), records: [record(600, KEPT_BYTES / 2), record(601, KEPT_BYTES / 2 + 1)] }];
  await vi.advanceTimersByTimeAsync(1_000);
  expect(offsets(tail.rows)).toEqual([601]);
});

test('rows have no hole: where newer ones were left out or passed over, the older ones go when the newest are shown', async () => {
  held = true;
  answers = [answer(0, 3), answer(3, 5), answer(9, 11, { left_out: 4 })];
  tail.start(ask, () => held);
  await vi.advanceTimersByTimeAsync(2_000);
  expect([offsets(tail.rows), offsets(tail.waiting)]).toEqual([
    [2, 1, 0],
    [10, 9],
  ]);
  tail.show();
  expect([offsets(tail.rows), tail.dropped]).toEqual([[10, 9], 4 + 2 + 3]);

  answers = [answer(30, 32, { jump: { from: 11, to: 30, cause: 'too_many' } })];
  held = false;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(offsets(tail.rows)).toEqual([31, 30]);
});

test('what the first answer left out is older than where following begins', async () => {
  answers = [answer(5, 10, { left_out: 5 })];
  tail.start(ask, () => held);
  await vi.advanceTimersByTimeAsync(0);
  expect(tail.dropped).toBe(0);
});

test('a log that was cut takes its rows with it, for its offsets come a second time', async () => {
  answers = [answer(5, 10), answer(0, 0, { next: 2, jump: { from: 10, to: 2, cause: 'shortened' } }), answer(2, 3)];
  tail.start(ask, () => held);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(offsets(tail.rows)).toEqual([2]);
  expect(tail.jump?.cause).toBe('shortened');
});

test('a failure is shown and tried again from the same place, and goes with the next answer', async () => {
  answers = [answer(0, 3), new Error('the leader is away'), answer(3, 4)];
  tail.start(ask, () => held);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(tail.error?.message).toBe('the leader is away');
  expect(offsets(tail.rows)).toEqual([2, 1, 0]);
  await vi.advanceTimersByTimeAsync(4_999);
  expect(asked).toEqual([null, 3]);
  await vi.advanceTimersByTimeAsync(1);
  expect(asked).toEqual([null, 3, 3]);
  expect([tail.error, offsets(tail.rows)]).toEqual([null, [3, 2, 1, 0]]);
});

test('nothing is asked while it is paused, and it goes on where it was; after it is stopped nothing is asked at all', async () => {
  answers = [answer(0, 3)];
  tail.start(ask, () => held);
  await vi.advanceTimersByTimeAsync(0);
  tail.pause();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toEqual([null]);
  tail.resume();
  expect(asked).toEqual([null, 3]);
  await vi.advanceTimersByTimeAsync(0);
  tail.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toEqual([null, 3]);
});

test('an answer that comes after the stop changes nothing', async () => {
  let settle: (found: FollowedRecords) => void = () => {};
  tail.start(() => new Promise((done) => (settle = done)), () => held);
  tail.stop();
  settle(answer(0, 3));
  await vi.advanceTimersByTimeAsync(10_000);
  expect([tail.rows.length, tail.begun]).toEqual([0, false]);
});

test('a window that is hidden asks for nothing until it is seen', async () => {
  answers = [answer(0, 3)];
  tail.start(ask, () => held);
  await vi.advanceTimersByTimeAsync(0);
  const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toEqual([null]);
  hidden.mockRestore();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked).toEqual([null, 3]);
});
