/** Every page with something on it, for the pictures and for the accessibility checks. */
import { PRODUCTION, sourceForm, taskSettings, until } from './scene.mjs';

/** Fills a host with what people would have: clusters, a running copy, drafts, rules, channels, quiet hours. */
export async function fill(here) {
  const { host } = here;
  const demo = await here.demo();
  await host.call('source_add', {
    form: sourceForm('orders-prod', 'kafka-1.shop.invalid:9093\nkafka-2.shop.invalid:9093\nkafka-3.shop.invalid:9093', {
      ...PRODUCTION,
      protocol: 'SASL_SSL',
      mechanism: 'SCRAM-SHA-512',
      username: 'replicator',
      note: 'Ask the platform team before maintenance.',
    }),
    secrets: { password: 'not-a-real-one' },
  });
  await host.call('source_add', {
    form: sourceForm('archive', demo.target.form.bootstrap, { environment: { name: 'Staging', colour: '#1565c0' } }),
    secrets: {},
  });
  const production = await host.call('source_add', { form: sourceForm('shop-eu', demo.target.form.bootstrap, PRODUCTION), secrets: {} });

  await host.call('task_check', { task: demo.task_id });
  await host.call('task_start', { task: demo.task_id, confirm: null });
  await until(
    async () => (await host.call('task_show', { task: demo.task_id })).stages.every(({ status }) => status !== 'waiting'),
    'the demo copies what arrives',
    60_000,
  );
  // One whose data is in the way, and one that has passed.
  const blocked = await host.call('task_create', {
    settings: taskSettings('Orders to the archive', demo.source_id, demo.target_id, { objects: { topics: ['clicks', 'orders', 'payments'] }, existing: 'stop' }),
  });
  await host.call('task_check', { task: blocked.id });
  const ready = await host.call('task_create', {
    settings: taskSettings('Payments for the auditors', demo.source_id, production.id, {
      objects: { matching: { include: '.*', exclude: 'clicks' } },
      existing: 'rewrite',
      rename: { map: { payments: 'audit.payments-2026' }, regex: [], prefix: 'audit.', suffix: '' },
      spec: 'medium',
    }),
  });
  await host.call('task_check', { task: ready.id });
  const rewriting = await host.call('task_create', {
    settings: taskSettings('Shop to Europe', demo.source_id, production.id, { objects: { topics: ['orders', 'payments'] }, existing: 'rewrite' }),
  });
  const drafted = await host.call('task_create', { settings: taskSettings('Clicks, from yesterday', demo.source_id, demo.target_id, { objects: { topics: ['clicks'] } }) });

  const channel = await host.call('channel_put', {
    channel: { id: '', name: 'On-call', config: { kind: 'webhook', url: 'http://127.0.0.1:1/hook', format: 'slack', headers: {}, ca_pem: null }, secrets: {} },
  });
  await host.call('channel_put', {
    channel: {
      id: '',
      name: 'Platform team',
      config: { kind: 'email', host: 'smtp.shop.invalid', port: 587, security: 'starttls', username: null, from: 'sluice@shop.invalid', to: ['platform@shop.invalid'], ca_pem: null },
      secrets: {},
    },
  });
  const rule = (name, condition, more = {}) =>
    host.call('rule_put', {
      rule: { id: '', name, task_id: null, condition, channel_ids: ['desktop', channel.id], enabled: true, builtin: false, notify_recovery: true, repeat_seconds: null, ...more },
    });
  await rule('Falling behind', { kind: 'delay_over', delay_seconds: 60, for_seconds: 300 }, { repeat_seconds: 3600 });
  await rule('Retention risk', { kind: 'retention_risk', horizon_seconds: 7200 }, { enabled: false });
  await rule('Copy finished', { kind: 'completed' }, { task_id: demo.task_id, channel_ids: ['desktop'], notify_recovery: false });
  await host.call('place_put', { id: null, name: 'Frankfurt', colour: 'violet', host: 'replicator@kafka-fra.shop.invalid:/var/lib/sluice' });
  await host.call('setting_set', {
    key: 'quiet_hours',
    value: [{ from: '22:00', to: '07:00', days: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'], enabled: true }],
  });
  await host.call('channel_test', { channel: 'desktop' });
  // Nobody listens there: the history has one that was not delivered.
  await host.call('channel_test', { channel: channel.id }).catch(() => undefined);
  await host.call('cutover_plan', { task: demo.task_id, groups: [], fence: 'none', silence_seconds: 1, follow: true });
  return { ...demo, blocked: blocked.id, ready: ready.id, rewriting: rewriting.id, drafted: drafted.id };
}

/** The pages. `settle` brings one to what is to be seen. */
export function pages(filled) {
  const wizard = (draft, step) => `#/tasks/new?draft=${draft}&step=${step}`;
  const source = filled.source_id;
  const heading = (page) => page.locator('main h1').first().waitFor();
  return [
    { name: 'start', hash: '#/start' },
    { name: 'tasks', hash: '#/tasks', settle: (page) => page.locator('.line canvas').first().waitFor() },
    { name: 'task-overview', hash: `#/tasks/${filled.task_id}/overview`, settle: (page) => page.locator('.plot canvas').nth(3).waitFor({ timeout: 30_000 }) },
    {
      name: 'task-topics',
      hash: `#/tasks/${filled.task_id}/topics`,
      settle: async (page) => {
        await page.locator('.open[aria-expanded=false]').first().click();
        await page.locator('.line .status').nth(5).waitFor();
      },
    },
    { name: 'task-gaps', hash: `#/tasks/${filled.task_id}/gaps` },
    { name: 'task-log', hash: `#/tasks/${filled.task_id}/log`, settle: (page) => page.locator('main [role=listitem]').first().waitFor() },
    { name: 'compare', hash: `#/compare?source=${filled.source_id}&target=${filled.target_id}`, settle: (page) => page.locator('#compared').waitFor() },
    { name: 'task-changes', hash: `#/tasks/${filled.task_id}/changes` },
    { name: 'task-verify', hash: `#/tasks/${filled.task_id}/verify` },
    {
      name: 'task-verified',
      hash: `#/tasks/${filled.task_id}/verify`,
      settle: async (page) => {
        await page.locator('main .content .bar .button').first().click();
        await page.locator('.verdict').waitFor({ timeout: 60_000 });
      },
    },
    {
      name: 'task-readiness',
      hash: `#/tasks/${filled.task_id}/readiness`,
      settle: async (page) => {
        await page.locator('main .content .bar .button').first().click();
        await page.locator('.items .failed .evidence').first().waitFor({ timeout: 60_000 });
        await page.locator('.summary .bad').waitFor({ timeout: 60_000 });
      },
    },
    {
      name: 'task-modify',
      hash: `#/tasks/${filled.task_id}/changes`,
      settle: async (page) => {
        await page.locator('main .content .bar .button').click();
        await page.locator('main section li').first().waitFor();
      },
    },
    { name: 'task-groups', hash: `#/tasks/${filled.task_id}/groups`, settle: (page) => page.locator('main table').first().waitFor() },
    { name: 'task-cutover', hash: `#/tasks/${filled.task_id}/cutover`, settle: (page) => page.locator('tr[aria-current=step]').waitFor() },
    { name: 'task-settings', hash: `#/tasks/${filled.task_id}/settings` },
    { name: 'new-task-blank', hash: '#/tasks/new' },
    { name: 'new-task-1-source', hash: wizard(filled.drafted, 1), settle: (page) => page.locator('.reach svg').nth(1).waitFor() },
    { name: 'new-task-2-objects', hash: wizard(filled.drafted, 2), settle: (page) => page.getByRole('option').first().waitFor() },
    { name: 'new-task-2-pattern', hash: wizard(filled.ready, 2), settle: (page) => page.getByRole('listitem').first().waitFor() },
    { name: 'new-task-3-mapping', hash: wizard(filled.ready, 3), settle: (page) => page.locator('.line input').first().waitFor() },
    { name: 'new-task-3-existing', hash: wizard(filled.rewriting, 3), settle: (page) => page.locator('.now li').first().scrollIntoViewIfNeeded() },
    { name: 'new-task-4-failed', hash: wizard(filled.blocked, 4), settle: (page) => page.locator('.items .failed').first().waitFor() },
    { name: 'new-task-4-passed', hash: wizard(filled.ready, 4), settle: (page) => page.locator('.items .success').first().waitFor() },
    { name: 'new-task-5-launch', hash: wizard(filled.ready, 5), settle: (page) => page.locator('.statement li').first().waitFor() },
    { name: 'sources', hash: '#/sources', settle: (page) => page.locator('tbody .status.bad').first().waitFor() },
    { name: 'source-new', hash: '#/sources/new' },
    {
      name: 'source-new-login',
      hash: '#/sources/new',
      settle: async (page) => {
        await page.locator('input[type=radio][value=SASL_SSL]').check();
        await page.locator('textarea').first().fill('127.0.0.1:1');
        await page.locator('form select').first().selectOption('SCRAM-SHA-512');
        await page.locator('aside .button').first().click();
        await page.locator('[aria-invalid=true]').first().waitFor();
      },
    },
    {
      name: 'source-new-failed',
      hash: '#/sources/new',
      settle: async (page) => {
        await page.locator('form input').first().fill('nowhere');
        await page.locator('textarea').first().fill('127.0.0.1:1');
        await page.locator('aside .button').first().click();
        await page.locator('aside li.failed').first().waitFor();
      },
    },
    { name: 'source-import', hash: '#/sources/new?import=1', settle: (page) => page.getByRole('dialog').waitFor() },
    { name: 'source-overview', hash: `#/sources/${source}`, settle: (page) => page.locator('tbody tr').nth(2).waitFor() },
    { name: 'source-topics', hash: `#/sources/${source}/topics`, settle: (page) => page.getByRole('option').first().waitFor() },
    {
      name: 'source-records',
      hash: `#/sources/${source}/topics?topic=orders`,
      settle: async (page) => {
        await page.locator('button.line').nth(1).click();
        await page.locator('pre').last().waitFor();
      },
    },
    {
      name: 'source-partitions',
      hash: `#/sources/${source}/topics?topic=orders`,
      settle: async (page) => {
        await page.getByRole('tab').nth(1).click();
        await page.locator('.partitions .line').nth(4).waitFor();
      },
    },
    {
      name: 'source-configuration',
      hash: `#/sources/${source}/topics?topic=orders`,
      settle: async (page) => {
        await page.getByRole('tab').nth(2).click();
        await page.getByRole('tabpanel').locator('tbody tr, p').first().waitFor();
      },
    },
    { name: 'source-groups', hash: `#/sources/${source}/groups`, settle: (page) => page.locator('main [role=table], main .empty, main [role=alert]').first().waitFor() },
    { name: 'alerts-rules', hash: '#/alerts/rules', settle: (page) => page.locator('tbody tr').nth(3).waitFor() },
    {
      name: 'alerts-rule',
      hash: '#/alerts/rules',
      settle: async (page) => {
        await page.locator('main .bar .button').click();
        await page.getByRole('dialog').waitFor();
      },
    },
    { name: 'alerts-channels', hash: '#/alerts/channels', settle: (page) => page.locator('main li h2').nth(2).waitFor() },
    {
      name: 'alerts-channel',
      hash: '#/alerts/channels',
      settle: async (page) => {
        await page.locator('main .bar .button').click();
        await page.getByRole('dialog').waitFor();
      },
    },
    { name: 'alerts-quiet', hash: '#/alerts/quiet', settle: (page) => page.locator('.days').waitFor() },
    { name: 'alerts-history', hash: '#/alerts/history', settle: (page) => page.locator('main summary').first().click() },
    {
      name: 'activity',
      hash: '#/activity',
      settle: async (page) => {
        await page.locator('main summary').first().waitFor();
      },
    },
    {
      name: 'activity-details',
      hash: '#/activity',
      settle: async (page) => {
        await page.locator('main .filters select').first().selectOption('task_create');
        await page.waitForFunction(() => document.querySelectorAll('main summary').length === 5 || document.querySelectorAll('main summary').length === 4);
        await page.locator('main summary').first().click();
      },
    },
    { name: 'settings', hash: '#/settings', settle: (page) => page.locator('dl dd').first().waitFor() },
    { name: 'places', hash: '#/places', settle: (page) => page.locator('tbody tr').first().waitFor() },
    {
      name: 'place-dialog',
      hash: '#/places',
      settle: async (page) => {
        await page.locator('main .actions button').first().click();
        await page.getByRole('dialog').waitFor();
      },
    },
    { name: 'not-found', hash: '#/nowhere' },
  ].map((entry) => ({ settle: heading, ...entry }));
}
