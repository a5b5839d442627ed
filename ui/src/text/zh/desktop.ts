import type { desktop as en } from '../en/desktop';

export const desktop: typeof en = {
  closeTitle: '关闭窗口？',
  closeText: '窗口关闭后，任务可以在托盘中继续运行。只询问这一次，之后可在设置中更改。',
  closeTextNoTray: '此桌面不显示程序图标，因此任务继续运行时窗口只能最小化。只询问这一次，之后可在设置中更改。',
  keepRunning: '在托盘中继续',
  minimize: '最小化',
  quit: '退出 Sluice',
  quittingTitle: '正在退出 Sluice',
  quitting: (count) => (count === 0 ? '所有任务都已停在已保存的位置。' : `${count} 个任务正在停到已保存的位置…`),
  quittingHint: '下次启动 Sluice 时，任务会从该位置继续。',
};
