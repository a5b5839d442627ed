import { expect, test } from 'vitest';
import { language, t } from './index.svelte';
import { HOLE, literals, sources } from './rust-sentences';
import { Catalogue } from './sentences';
import { inWindow } from './window-words';
import { sentences } from './zh/sentences';

/** Where sentences are made that a window shows. */
const PLACES = ['crates/engine/src', 'crates/model/src', 'crates/kafka/src', 'crates/alerts/src', 'crates/app/src'];
/** Only a terminal says these. */
const TERMINAL = /crates\/app\/src\/(?:data_dir|places\/ssh)\.rs$/;
/** An option of ours; what Kafka's tools are given stands in parentheses or behind the tool's name. */
const OPTION = /(?<!kafka-[a-z.-]+ .*)(?<!\([^)]*)--[a-z]/;

const words = (of: 'en' | 'zh') => {
  language.choice = of;
  return t().everywhere.options;
};

test('a gap is told by its first and last offset, and an option by the field of the window', () => {
  const says = (text: string) => inWindow(text, words('en'));
  expect(says('the source deleted 21 offsets [1913, 1934) before they were copied. To go on, accept the gap (--out-of-range nearest)')).toBe(
    'the source deleted 21 offsets 1\u202f913 to 1\u202f933 before they were copied. To go on, accept the gap',
  );
  expect(says('[5, 6) is missing')).toBe('5 is missing');
  expect(says('choose --existing append or stop to keep them')).toBe('choose “If the target has data: Append” or stop to keep them');
  expect(says("use another --name to copy it again")).toBe('use another “Task name” to copy it again');
  expect(says('grow it on the target: kafka-topics --alter --topic a --partitions 3')).toBe('grow it on the target: kafka-topics --alter --topic a --partitions 3');
  expect(says('set it (kafka-configs --alter --topic a --add-config b=1), or choose --delivery at-least-once')).toBe(
    'set it (kafka-configs --alter --topic a --add-config b=1), or choose “Delivery: At least once”',
  );
  expect(inWindow('请选择 --existing append', words('zh'))).toBe('请选择 “目标已有数据时：追加”');
});

test('what is counted has its thousands apart, and what is copied or names something has not', () => {
  const says = (text: string) => inWindow(text, words('en'));
  expect(says("3 target topics hold data: 'clicks' (167539 offsets), 'b' (5 offsets)")).toBe("3 target topics hold data: 'clicks' (167\u202f539 offsets), 'b' (5 offsets)");
  expect(says('18 of 18 partitions, 373744 records, every field')).toBe('18 of 18 partitions, 373\u202f744 records, every field');
  for (const kept of ['cannot connect to 127.0.0.1:33355 records', 'retention.ms=604800000 partitions', "'2026 records'", 'process 12345 has the folder', 'since 2026-01-31T08:00:00Z']) {
    expect(says(kept)).toBe(kept);
  }
  expect(inWindow('源上 18 个分区新增 12345 个偏移量', words('zh'))).toBe('源上 18 个分区新增 12\u202f345 个偏移量');
});

test.each(['en', 'zh'] as const)('no sentence of the backend names an option of the terminal in the window, in %s', (of) => {
  const catalogue = new Catalogue(sentences);
  const options = words(of);
  const said = PLACES.flatMap((place) => [...sources(place)])
    .filter(([path]) => !TERMINAL.test(path) && !/tests?\.rs$|\/tests\//.test(path))
    .flatMap(([, source]) => literals(source))
    .filter((text) => text.includes('--') && text.includes(' '))
    .map((text) => text.replaceAll(HOLE, 'x1'))
    .map((text) => inWindow(of === 'zh' ? catalogue.translate(text) : text, options));
  expect(said.filter((text) => OPTION.test(text))).toEqual([]);
});
