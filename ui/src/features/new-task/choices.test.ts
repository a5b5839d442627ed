import { describe, expect, test } from 'vitest';
import { noEnd, readEnd } from './end';
import { blankChoices, earliest, fromSettings, positive, readStart, sameSettings, toSettings, writeStart } from './choices';

describe('settings and choices', () => {
  test('every choice comes back as it was entered', () => {
    const choices = {
      ...blankChoices(),
      name: 'orders to eu',
      source: 'ds-a',
      target: 'ds-b',
      objects: 'chosen' as const,
      topics: ['orders', 'clicks'],
      prefix: 'eu.',
      regex: [{ pattern: '^a', replacement: 'b' }],
      map: { orders: 'o2' },
      start: { ...readStart('offset:7') },
      overrides: [{ topic: 'clicks', start: readStart('latest'), end: readEnd('records:100') }],
      otherEnds: { orders: 'launch' },
      existing: 'append' as const,
      rateRecords: '500',
      rateMegabytes: '3',
      replicationFactor: '2',
      bounded: true,
      configurationSync: { on: true, remove: true, with: ['min.insync.replicas'] },
    };
    expect(fromSettings(toSettings(choices))).toEqual(choices);
  });

  test('all topics and a pattern are told apart', () => {
    expect(fromSettings(toSettings({ ...blankChoices(), objects: 'all' })).objects).toBe('all');
    const pattern = fromSettings(toSettings({ ...blankChoices(), objects: 'pattern', include: '.*', exclude: 'tmp.*' }));
    expect([pattern.objects, pattern.exclude]).toEqual(['pattern', 'tmp.*']);
  });

  test('names and start positions of topics that were taken back do not apply, and are kept', () => {
    const choices = { ...blankChoices(), objects: 'chosen' as const, topics: ['a'], map: { a: 'x', b: 'y' }, overrides: [{ topic: 'b', start: readStart('latest'), end: readEnd('launch') }] };
    expect(toSettings(choices).rename.map).toEqual({ a: 'x' });
    expect(toSettings(choices).start_overrides).toEqual({});
    expect(toSettings(choices).end_overrides).toEqual({});
    expect(choices.map.b).toBe('y');
  });

  test('settings are the same whatever the order of their keys', () => {
    const settings = toSettings(blankChoices());
    const turned = Object.fromEntries(Object.entries(settings).reverse()) as unknown as typeof settings;
    expect(sameSettings(settings, turned)).toBe(true);
    expect(sameSettings(settings, { ...settings, bounded: true })).toBe(false);
  });
});

test('a topic that begins elsewhere ends as the others unless it says where', () => {
  const choices = {
    ...blankChoices(),
    overrides: [
      { topic: 'a', start: readStart('offset:5'), end: readEnd('offset:9') },
      { topic: 'b', start: readStart('latest'), end: noEnd() },
    ],
  };
  expect(toSettings(choices).end_overrides).toEqual({ a: 'offset:9' });
});

describe('start positions', () => {
  test.each([
    ['7', 'offset:7'],
    ['0=5, 3=9', 'offset:0=5,3=9'],
  ])('%s is an offset', (offset, written) => {
    expect(writeStart({ ...readStart('offset:0'), offset })).toBe(written);
  });

  test.each(['', '-1', 'x', '1=', '1.5'])('%s is none', (offset) => {
    expect(writeStart({ ...readStart('offset:0'), offset })).toBeNull();
  });

  test.each(['2026-02-30 08:00', '2026-01-31 25:00', 'tomorrow', '31.1.2026', ''])('%j is no time', (time) => {
    expect(writeStart({ ...earliest(), mode: 'time', time })).toBeNull();
  });

  test('a time is local when it is entered and unambiguous when it is kept', () => {
    const written = writeStart({ mode: 'time', offset: '', time: '2026-01-31 08:00:00', last: '', group: '' });
    expect(written).toBe(`time:${new Date('2026-01-31T08:00:00').toISOString().replace('.000Z', 'Z')}`);
    expect(readStart(written ?? '').time).toBe('2026-01-31 08:00:00');
  });
});

test('a ceiling is a whole number greater than 0, none, or a mistake', () => {
  expect([positive('5'), positive(' '), positive('0'), positive('1.5'), positive('many')]).toEqual([5, null, undefined, undefined, undefined]);
});
