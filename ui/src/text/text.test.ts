import { expect, test } from 'vitest';

const modules = import.meta.glob<Record<string, unknown>>('./{en,zh}/*.ts', { eager: true });

function leaves(value: unknown, path: string): [string, unknown][] {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`))
    : [[path, value]];
}

const all = (language: string) =>
  new Map(
    Object.entries(modules)
      .filter(([file]) => file.startsWith(`./${language}/`))
      .flatMap(([file, module]) => leaves(module, file.slice(5))),
  );

test('both languages say everything, and nothing in Chinese was left in English', () => {
  const [en, zh] = [all('en'), all('zh')];
  expect([...zh.keys()].sort()).toEqual([...en.keys()].sort());
  const han = /\p{Script=Han}/u;
  const untranslated = [...zh].filter(([path, text]) => typeof text === 'string' && text.length > 14 && !han.test(text) && en.get(path) === text);
  expect(untranslated.filter(([, text]) => !/^(http|SASL|-----)/.test(String(text)))).toEqual([]);
});

test('no text raises its voice', () => {
  for (const [path, text] of [...all('en'), ...all('zh')]) {
    if (typeof text === 'string') expect(text, path).not.toMatch(/[!！]/);
  }
});
