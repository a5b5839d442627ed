import { beforeEach, expect, test, vi } from 'vitest';
import { replaceBackend } from '../backend';
import type { Backend } from '../backend/backend';
import { preferences } from './preferences.svelte';

const setZoom = vi.fn(() => Promise.resolve());
const call = vi.fn(() => Promise.resolve({ values: {} }));

beforeEach(() => {
  setZoom.mockClear();
  call.mockClear();
  replaceBackend({ call, subscribe: () => () => {}, desktop: { setZoom } } as unknown as Backend);
});

test('the size of the page goes step by step, is kept, and ends at the largest and the smallest', async () => {
  await preferences.zoomBy(1);
  expect(setZoom).toHaveBeenLastCalledWith(110);
  expect(call).toHaveBeenLastCalledWith('setting_set', { key: 'page.zoom', value: 110 });
  for (let step = 0; step < 10; step += 1) await preferences.zoomBy(1);
  expect(preferences.zoom).toBe(200);
  for (let step = 0; step < 10; step += 1) await preferences.zoomBy(-1);
  expect(preferences.zoom).toBe(80);
  await preferences.zoomBy(0);
  expect(preferences.zoom).toBe(100);
});

test('what was kept is applied at the start, and what is no size is not', async () => {
  call.mockResolvedValueOnce({ values: { 'page.zoom': 125 } });
  await preferences.load();
  expect(setZoom).toHaveBeenCalledWith(125);
  setZoom.mockClear();
  call.mockResolvedValueOnce({ values: { 'page.zoom': 7 } });
  await preferences.load();
  expect(setZoom).not.toHaveBeenCalled();
  expect(preferences.zoom).toBe(125);
});
