/** Chromium, as a person would have it: a window of some size, a theme, a language. */
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** How long a test waits for anything to appear. */
export const PATIENCE_MS = 15_000;

/** Where the browser is: `CHROMIUM` says it, or it is in one of the usual places. */
function program() {
  const found = process.env.CHROMIUM ?? PLACES.find((place) => existsSync(place));
  if (!found) throw new Error('no Chromium; install it, or say where it is with CHROMIUM');
  return found;
}

/** Starts the browser. */
export async function startBrowser() {
  return chromium.launch({ executablePath: program(), args: ['--no-sandbox', '--force-color-profile=srgb'] });
}

/** The sizes that pages are photographed in. */
export const SIZES = { default: { width: 1180, height: 760 }, small: { width: 900, height: 600 } };

/** Opens a window on the host. What the page logs as an error, or throws, is in `faults`. */
export async function openPage(browser, host, { theme = 'light', language = 'en', size = SIZES.default, hash = '' } = {}) {
  const context = await browser.newContext({
    viewport: size,
    colorScheme: theme,
    locale: language === 'zh' ? 'zh-CN' : 'en-GB',
    timezoneId: 'Europe/Berlin',
    deviceScaleFactor: Number(process.env.SCALE ?? 1),
  });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: host.url });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    // Refused commands are answers with a status of their own, which the browser reports as it does missing files.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(message.text());
  });
  await page.goto(`${host.url}/${hash}`);
  return { page, context, faults };
}
