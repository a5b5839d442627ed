// Shows why the data folder cannot be used, and offers what may help. It is made without what the other pages are made of,
// which may be what does not work; only the catalogue of the backend's sentences is shared.
import './trouble.css';
import { Catalogue } from '../text/sentences';
import { errors } from '../text/zh/sentences/errors';
import { kafka } from '../text/zh/sentences/kafka';

/** What the shell answers when it is asked what is wrong. */
interface Trouble {
  code: string;
  message: string;
  dir: string;
  language: 'en' | 'zh_hans';
  asks_passphrase: boolean;
}
interface Shell {
  invoke(command: string, request?: object): Promise<unknown>;
}

const TEXTS = {
  en: {
    owned: ['Another program has the data folder', 'Stop that program, or work in it, and try again here.'],
    secrets: ['The secrets cannot be opened', 'Tasks need the passwords of their data sources, so nothing was started.'],
    storage: ['The data folder cannot be used', 'Nothing was changed in it.'],
    other: ['Sluice cannot start', ''],
    folder: 'Data folder:',
    passphrase: 'Passphrase of the secrets file',
    again: 'Try again',
    open: 'Open data folder',
    bundle: 'Save support bundle',
    quit: 'Quit',
    trying: 'Trying again…',
    saved: 'Saved:',
  },
  zh_hans: {
    owned: ['数据文件夹正被另一个程序使用', '请停止该程序，或在该程序中操作，然后在此重试。'],
    secrets: ['无法打开机密信息', '任务需要其数据源的密码，因此尚未启动任何任务。'],
    storage: ['无法使用数据文件夹', '其中的内容没有被更改。'],
    other: ['Sluice 无法启动', ''],
    folder: '数据文件夹：',
    passphrase: '机密文件的口令',
    again: '重试',
    open: '打开数据文件夹',
    bundle: '保存支持包',
    quit: '退出',
    trying: '正在重试…',
    saved: '已保存：',
  },
};

type Texts = (typeof TEXTS)['en'];

function element<E extends HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as E;
}
const passphrase = element<HTMLInputElement>('passphrase');
const again = element<HTMLButtonElement>('again');
const invoke = (command: string, request?: object): Promise<unknown> =>
  (window as unknown as { __TAURI_INTERNALS__: Shell }).__TAURI_INTERNALS__.invoke(command, request);
let texts: Texts = TEXTS.en;
let chinese: Catalogue | null = null;

/** A sentence of the backend in the language of the page. */
function say(sentence: string): string {
  const said = chinese?.translate(sentence) ?? sentence;
  return said.charAt(0).toUpperCase() + said.slice(1);
}

/** Asks what is wrong and shows it. */
async function show(): Promise<void> {
  const trouble = (await invoke('trouble')) as Trouble | null;
  if (trouble === null) return;
  texts = TEXTS[trouble.language] ?? TEXTS.en;
  document.documentElement.lang = trouble.language === 'zh_hans' ? 'zh-Hans' : 'en';
  chinese = trouble.language === 'zh_hans' ? new Catalogue([...errors, ...kafka]) : null;
  const said: Partial<Record<string, Texts[keyof Texts]>> = texts;
  const [headline = '', advice = ''] = said[trouble.code] ?? texts.other;
  element('headline').textContent = headline;
  element('message').textContent = `${say(trouble.message)}${chinese ? '。' : '.'}`;
  element('advice').textContent = advice;
  element('folder-label').textContent = texts.folder;
  element('folder').textContent = trouble.dir;
  element('passphrase-label').textContent = texts.passphrase;
  element('passphrase-row').hidden = !trouble.asks_passphrase;
  for (const name of ['again', 'open', 'bundle', 'quit'] as const) element(name).textContent = texts[name];
  again.disabled = false;
  element('note').textContent = '';
  (trouble.asks_passphrase ? passphrase : again).focus();
}

const failed = (error: unknown): void => {
  element('note').textContent = say((error as { message?: string } | null)?.message ?? String(error));
  again.disabled = false;
};

element('form').addEventListener('submit', (event) => {
  event.preventDefault();
  again.disabled = true;
  element('note').textContent = texts.trying;
  const typed = passphrase.value;
  passphrase.value = '';
  invoke('try_again', { passphrase: typed === '' ? null : typed })
    .then(show)
    .catch(failed);
});
element('open').addEventListener('click', () => invoke('open_folder').catch(failed));
element('bundle').addEventListener('click', () =>
  invoke('support_bundle')
    .then((path) => {
      if (path !== null) element('note').textContent = `${texts.saved} ${String(path)}`;
    })
    .catch(failed),
);
element('quit').addEventListener('click', () => invoke('quit').catch(failed));

show().catch(failed);
