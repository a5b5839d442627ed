import { test } from 'node:test';
import { scene, sourceForm } from './scene.mjs';

const here = scene();

test('a page that stays open sees what others change', async () => {
  const page = await here.open({ hash: '#/sources' });
  await page.getByText('No data source yet').waitFor();
  await here.host.call('source_add', { form: sourceForm('from elsewhere', '127.0.0.1:1'), secrets: {} });
  await page.getByRole('link', { name: 'from elsewhere' }).waitFor();
});

test('after the program was away the page is right again by itself', async () => {
  const page = await here.open({ hash: '#/sources' });
  await page.getByRole('link', { name: 'from elsewhere' }).waitFor();
  await here.host.stop();
  await here.host.restart();
  await here.host.call('source_add', { form: sourceForm('after the restart', '127.0.0.1:1'), secrets: {} });
  await page.getByRole('link', { name: 'after the restart' }).waitFor();
});

test('language and theme are kept', async () => {
  const page = await here.open({ hash: '#/settings' });
  await page.getByLabel('Language').selectOption('zh');
  await page.getByRole('heading', { name: '设置', level: 1 }).waitFor();
  await page.getByText('深色').click();
  await page.reload();
  await page.getByRole('heading', { name: '设置', level: 1 }).waitFor();
  const other = await here.open({ hash: '#/settings' });
  await other.getByRole('heading', { name: '设置', level: 1 }).waitFor();
  await other.locator('html[data-theme=dark][lang=zh-Hans]').waitFor();
});
