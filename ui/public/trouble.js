// Shows why the data folder cannot be used, and offers what may help.
'use strict';

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

const element = (id) => document.getElementById(id);
const invoke = (command, request) => window.__TAURI_INTERNALS__.invoke(command, request);
let texts = TEXTS.en;

/** Asks what is wrong and shows it. */
async function show() {
  const trouble = await invoke('trouble');
  if (trouble === null) return;
  texts = TEXTS[trouble.language] ?? TEXTS.en;
  document.documentElement.lang = trouble.language === 'zh_hans' ? 'zh-Hans' : 'en';
  const [headline, advice] = texts[trouble.code] ?? texts.other;
  element('headline').textContent = headline;
  element('message').textContent = `${trouble.message.charAt(0).toUpperCase()}${trouble.message.slice(1)}.`;
  element('advice').textContent = advice;
  element('folder-label').textContent = texts.folder;
  element('folder').textContent = trouble.dir;
  element('passphrase-label').textContent = texts.passphrase;
  element('passphrase-row').hidden = !trouble.asks_passphrase;
  for (const name of ['again', 'open', 'bundle', 'quit']) element(name).textContent = texts[name];
  element('again').disabled = false;
  element('note').textContent = '';
  (trouble.asks_passphrase ? element('passphrase') : element('again')).focus();
}

const failed = (error) => {
  element('note').textContent = error?.message ?? String(error);
  element('again').disabled = false;
};

element('form').addEventListener('submit', (event) => {
  event.preventDefault();
  element('again').disabled = true;
  element('note').textContent = texts.trying;
  const passphrase = element('passphrase').value;
  element('passphrase').value = '';
  invoke('try_again', { passphrase: passphrase === '' ? null : passphrase })
    .then(show)
    .catch(failed);
});
element('open').addEventListener('click', () => invoke('open_folder').catch(failed));
element('bundle').addEventListener('click', () =>
  invoke('support_bundle')
    .then((path) => {
      if (path !== null) element('note').textContent = `${texts.saved} ${path}`;
    })
    .catch(failed),
);
element('quit').addEventListener('click', () => invoke('quit').catch(failed));

show().catch(failed);
