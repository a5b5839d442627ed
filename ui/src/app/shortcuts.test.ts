import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { router } from '../lib/router.svelte';
import { listen } from './shortcuts';

const help = vi.fn();
const commands = vi.fn();
let stop = () => {};
const press = (key: string, more = {}) => dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, ...more }));

beforeEach(() => {
  help.mockClear();
  commands.mockClear();
  vi.useFakeTimers();
  stop = listen({ help, commands });
  router.go('#/settings');
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

test('a question mark opens the help, though Shift is pressed before it', () => {
  press('Shift', { shiftKey: true });
  press('?', { shiftKey: true });
  expect(help).toHaveBeenCalledOnce();
});

test('a key that begins no shortcut holds up none', () => {
  press('x');
  press('?');
  expect(help).toHaveBeenCalledOnce();
  press('g');
  press('?');
  expect(help).toHaveBeenCalledTimes(2);
});

test('the second key of a shortcut counts for a moment only', () => {
  press('g');
  vi.advanceTimersByTime(2000);
  press('a');
  expect(location.hash).toBe('#/settings');
  press('g');
  press('a');
  expect(location.hash).toBe('#/alerts/rules');
});

test('Ctrl K opens the commands, also from a field', () => {
  const field = document.createElement('input');
  document.body.append(field);
  field.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', bubbles: true }));
  expect(commands).not.toHaveBeenCalled();
  field.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true, bubbles: true }));
  expect(commands).toHaveBeenCalledOnce();
  field.remove();
});

test('Escape leads back from a page, and not while somebody types or something else took it', () => {
  const main = document.createElement('main');
  main.innerHTML = '<a href="#/tasks" data-shortcut="back">Tasks</a><input />';
  document.body.append(main);
  const field = main.querySelector('input');
  field?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
  const taken = new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true });
  taken.preventDefault();
  dispatchEvent(taken);
  expect(location.hash).toBe('#/settings');
  field?.dispatchEvent(new Event('input', { bubbles: true }));
  press('Escape');
  expect(location.hash, 'what was entered is not left').toBe('#/settings');
  dispatchEvent(new Event('hashchange'));
  press('Escape', { repeat: true });
  expect(location.hash, 'the key is still held').toBe('#/settings');
  press('Escape');
  expect(location.hash).toBe('#/tasks');
  main.remove();
});

test('the command key with plus, minus and zero changes the size where the page does that itself', () => {
  const zoom = vi.fn();
  stop();
  stop = listen({ help, commands, zoom });
  for (const key of ['+', '=', '-', '0']) press(key, { ctrlKey: true });
  press('+');
  expect(zoom.mock.calls).toEqual([[1], [1], [-1], [0]]);
});
