import { describe, expect, test } from 'vitest';
import { nameProblems, patternProblem, targetName, topicNameProblem } from './naming';

const rename = (more = {}) => ({ map: {}, regex: [], prefix: '', suffix: '', ...more });

describe('target names', () => {
  test('an entry of its own decides alone; otherwise rules apply in order, then prefix and suffix', () => {
    const rules = rename({ map: { a: 'z' }, regex: [{ pattern: '^prod\\.(.*)$', replacement: '$1' }], prefix: 'eu.', suffix: '.copy' });
    expect(targetName(rules, 'a')).toBe('z');
    expect(targetName(rules, 'prod.orders')).toBe('eu.orders.copy');
  });

  test('groups are named as the backend names them', () => {
    const rule = (pattern: string, replacement: string) => targetName(rename({ regex: [{ pattern, replacement }] }), 'a-b');
    expect(rule('(.)-(.)', '$2-$1')).toBe('b-a');
    expect(rule('(?P<x>.)-(?<y>.)', '${y}_$x')).toBe('b_a');
    expect(rule('(.)-(.)', '$1x')).toBe('');
    expect(rule('-', '$$')).toBe('a$b');
  });

  test('a rule that is no regular expression does nothing and is named', () => {
    expect(targetName(rename({ regex: [{ pattern: '(', replacement: '' }] }), 'a')).toBe('a');
    expect(patternProblem('(')).toMatch(/group/i);
    expect(patternProblem('a.*')).toBeNull();
  });
});

describe('problems', () => {
  test.each([
    ['', 'empty'],
    ['..', 'dots'],
    ['a b', 'characters'],
    ['ä', 'characters'],
    ['x'.repeat(250), 'long'],
  ])('%s', (name, kind) => {
    expect(topicNameProblem(name)?.kind).toBe(kind);
  });

  test('two topics into one are both told, a likeness in metrics is only a hint, and a copy onto itself is refused', () => {
    const found = nameProblems([['a', 'x'], ['b', 'x'], ['c', 'y.z'], ['d', 'y_z']], false);
    expect([found.get('a')?.kind, found.get('b')?.kind, found.get('c')?.kind, found.get('d')?.kind]).toEqual(['twice', 'twice', undefined, 'collision']);
    expect(nameProblems([['a', 'a']], true).get('a')?.kind).toBe('self');
  });
});
