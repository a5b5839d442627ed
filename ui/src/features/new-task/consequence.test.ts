import { beforeEach, expect, test } from 'vitest';
import { language } from '../../text/index.svelte';
import { blankChoices, toSettings } from './choices';
import { consequences } from './consequence';
import { plan } from './plan';

const around = { sourceName: 'old', targetName: 'new', connectName: null, bothWays: false, production: false, sourceTopics: 'known' as const };
const said = (choices: Partial<ReturnType<typeof blankChoices>>, more: object) => {
  const settings = toSettings({ ...blankChoices(), source: 'a', target: 'b', spec: 'small', ...choices });
  return consequences(settings, plan(settings, null, [], null), { ...around, ...more }).map(({ id, text }) => [id, text]);
};

beforeEach(() => {
  language.choice = 'en';
});

test('what will happen says that a Connect cluster copies, and names no ceiling, which nothing would hold there', () => {
  const there = said({ runOn: 'ds-3' }, { connectName: 'workers' });
  expect(there).toContainEqual(['runs', 'MirrorMaker copies on workers, also while Sluice does not run.']);
  expect(there.map(([id]) => id)).not.toContain('ceiling');
  const here = said({}, {}).map(([id]) => id);
  expect(here).toContain('ceiling');
  expect(here).not.toContain('runs');
});

test('of a pair both directions are named', () => {
  expect(said({ bothWays: true }, { bothWays: true })[0]?.[1]).toContain('from old to new, and what applications write there back');
  expect(said({}, {})[0]?.[1]).toBe('Copies from old to new.');
});
