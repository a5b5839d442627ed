import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';

const MESSAGE =
  "the state directory '/home/ann/.sluice' is in use by sluice run (process 4711, since 2026-01-31 08:00:00 UTC). Work in that one, or stop it and start again";
const page = readFileSync(join(import.meta.dirname, '../../trouble.html'), 'utf8');
const shown = (id: string): string => document.getElementById(id)?.textContent ?? '';

async function open(language: 'en' | 'zh_hans'): Promise<void> {
  const invoke = async (command: string): Promise<unknown> => {
    if (command === 'trouble') return { code: 'owned', message: MESSAGE, dir: '/home/ann/.sluice', language, asks_passphrase: false };
    throw { code: 'internal', message: "the system does not open '/home/ann/.sluice': No such file or directory (os error 2)" };
  };
  vi.stubGlobal('__TAURI_INTERNALS__', { invoke });
  vi.resetModules();
  document.body.innerHTML = /<body>([^]*)<\/body>/.exec(page)?.[1] ?? '';
  await import('./trouble');
  await vi.waitFor(() => expect(shown('headline')).not.toBe(''));
}

beforeEach(() => vi.unstubAllGlobals());

test('what is wrong with the data folder is told in the language of the system', async () => {
  await open('zh_hans');
  expect(shown('message')).toBe(
    '状态目录“/home/ann/.sluice”正被 sluice run 使用（进程 4711，自 2026-01-31 08:00:00 UTC 起）。请在该程序中操作，或停止它后重新启动。',
  );
  expect(shown('headline')).toBe('数据文件夹正被另一个程序使用');
  document.getElementById('open')?.click();
  await vi.waitFor(() => expect(shown('note')).toBe('系统无法打开“/home/ann/.sluice”：没有该文件或目录（系统错误 2）'));
});

test('in English the backend is shown as it speaks, with a capital and a full stop', async () => {
  await open('en');
  expect(shown('message')).toBe(`T${MESSAGE.slice(1)}.`);
});
