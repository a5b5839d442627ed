import { expect, test } from 'vitest';
import { decode, preview } from './decode';

const bytes = (text: string) => [...new TextEncoder().encode(text)];

test('JSON is laid out without changing what it says', () => {
  const text = '{"a":12345678901234567890,"b":[],"c":{"d":"x: {y}, \\"z\\""},"a":1}';
  const shown = decode(bytes(text), 'auto');
  expect(shown.as).toBe('json');
  expect(shown.text).toContain('12345678901234567890');
  expect(shown.text).toContain('"x: {y}, \\"z\\""');
  expect(shown.text.replaceAll(/\n\s*/g, '').replaceAll('": ', '":')).toBe(text);
});

test('what is no JSON is text, what is no text is hex, and that is said', () => {
  expect(decode(bytes('hello'), 'json')).toMatchObject({ as: 'text', fallback: 'notJson' });
  expect(decode([0xff, 0, 1], 'text')).toMatchObject({ as: 'hex', fallback: 'notText' });
  expect(decode([0xff, 0, 1], 'auto').text).toMatch(/^000000 {2}ff 00 01 +\.\.\.$/);
});

test('a preview is one line, also of a text that was cut within a character', () => {
  expect(preview(bytes('a\n  b'), 'auto')).toBe('a b');
  expect(preview(bytes('中'.repeat(300)), 'auto', 10)).toMatch(/^中+$/);
  expect(preview([1, 2], 'auto')).toBe('01 02');
});
