import { expect, test } from 'vitest';
import { folderOf, systemdUnit } from './place-words';

test('the folder stands behind the host', () => {
  expect(folderOf('anna@kafka-1')).toBeNull();
  expect(folderOf('anna@kafka-1:')).toBeNull();
  expect(folderOf('anna@kafka-1:/var/lib/sluice')).toBe('/var/lib/sluice');
  expect(folderOf('anna@kafka-1:~/my data')).toBe('%h/my data');
  expect(folderOf('anna@kafka-1:data')).toBe('%h/data');
  expect(folderOf('anna@[fe80::1]:/d')).toBe('/d');
  expect(folderOf('[fe80::1]')).toBeNull();
});

test('a unit of systemd names the folder as it is', () => {
  const start = (host: string) => systemdUnit(host).split('\n').find((line) => line.startsWith('ExecStart='));
  expect(start('a@b')).toBe('ExecStart=/usr/local/bin/sluice daemon');
  expect(start('a@b:/var/lib/sluice')).toBe('ExecStart=/usr/local/bin/sluice daemon --data /var/lib/sluice');
  expect(start('a@b:~/data')).toBe('ExecStart=/usr/local/bin/sluice daemon --data %h/data');
  expect(start('a@b:~/my data')).toBe('ExecStart=/usr/local/bin/sluice daemon --data "%h/my data"');
  expect(start('a@b:/x/100% "$y"\\')).toBe('ExecStart=/usr/local/bin/sluice daemon --data "/x/100%% \\"$$y\\"\\\\"');
});
