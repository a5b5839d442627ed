/** Drives the real window through WebKitWebDriver with nothing but fetch. */
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { childrenOf, isAlive } from './processes.mjs';
import { until } from './until.mjs';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

/** How long a test waits for anything to appear. */
const PATIENCE_MS = 30_000;

/**
 * Finds elements as a person names them: by role and accessible name, in the page. Exact, or by a regular expression. Kept small:
 * names come from aria-label, aria-labelledby, a label, or the text.
 */
const FINDER = `
  const [wanted] = arguments;
  const text = (element) => (element?.textContent ?? '').replace(/\\s+/g, ' ').trim();
  const nameOf = (element) => {
    const by = element.getAttribute('aria-labelledby');
    if (by) return by.split(' ').map((id) => text(document.getElementById(id))).join(' ').trim();
    const own = element.getAttribute('aria-label');
    if (own) return own;
    if (element.labels?.length) {
      const label = element.labels[0];
      const copy = label.cloneNode(true);
      for (const inner of copy.querySelectorAll('input, select, textarea')) inner.remove();
      return text(copy);
    }
    return text(element);
  };
  const TAGS = {
    button: 'button, [role=button], summary',
    link: 'a[href]',
    textbox: 'input:not([type]), input[type=text], input[type=search], input[type=number], input[type=password], textarea',
    combobox: 'select',
    radio: 'input[type=radio], [role=radio]',
    checkbox: 'input[type=checkbox], [role=checkbox], [role=switch]',
    tab: '[role=tab]',
    option: '[role=option]',
    menuitem: '[role=menuitem]',
    dialog: 'dialog[open]',
    row: 'tr, [role=row]',
    any: 'h1, h2, h3, p, span, strong, td, th, dd, dt, li, div, summary, label, time, small, output',
  };
  const isShown = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility !== 'hidden';
  const matches = (name) => (wanted.pattern ? new RegExp(wanted.pattern, wanted.flags).test(name) : name === wanted.name);
  // What is behind an open dialog cannot be reached.
  const dialogs = document.querySelectorAll('dialog[open]:modal');
  const root = wanted.role === 'dialog' ? document : (dialogs[dialogs.length - 1] ?? document);
  const found = [...root.querySelectorAll(TAGS[wanted.role] ?? wanted.role)].filter((element) =>
    (isShown(element) || wanted.role === 'radio' || wanted.role === 'checkbox') && matches(nameOf(element)));
  // Of nested elements with the same text the innermost.
  if (wanted.role === 'any') return found.filter((element) => !found.some((other) => other !== element && element.contains(other)))[wanted.nth ?? 0] ?? null;
  return found[wanted.nth ?? 0] ?? null;
`;

/** A WebKitWebDriver of its own and the window it has started. */
export class Window {
  #driver;
  #port;
  #session;
  #out;

  constructor(out) {
    this.#out = out;
  }

  /** Starts the program `app` with `args` and `env`. */
  async start(app, args, env) {
    mkdirSync(this.#out, { recursive: true });
    this.#port = await freePort();
    const log = openSync(`${this.#out}/driver.log`, 'a');
    // In a group of its own: the window can outlive the driver.
    this.#driver = spawn('WebKitWebDriver', [`--port=${this.#port}`], {
      env: { ...process.env, ...env, TAURI_WEBVIEW_AUTOMATION: 'true' },
      stdio: ['ignore', log, log],
      detached: true,
    });
    await until(async () => (await this.#call('GET', '/status')).ready, 'the driver is ready');
    const { sessionId } = await this.#call('POST', '/session', {
      capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': { binary: app, args } } },
    });
    this.#session = sessionId;
    [this.pid] = childrenOf(this.#driver.pid);
  }

  /** Waits until the program has ended by itself. */
  async ended(patience = PATIENCE_MS) {
    await until(() => !isAlive(this.pid), 'the program has ended', patience);
    this.kill();
  }

  /** Ends driver and program, whatever they do. */
  kill() {
    if (!this.#driver) return;
    try {
      process.kill(-this.#driver.pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
    this.#driver = undefined;
  }

  async #call(method, path, body) {
    const response = await fetch(`http://127.0.0.1:${this.#port}${path}`, { method, body: body && JSON.stringify(body) });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
    return value;
  }

  #in(method, path, body) {
    return this.#call(method, `/session/${this.#session}${path}`, body);
  }

  /** Runs a script in the page. */
  run(script, ...args) {
    return this.#in('POST', '/execute/sync', { script, args });
  }

  /** Runs a script in the page that calls its last argument when it is done. */
  runAsync(script, ...args) {
    return this.#in('POST', '/execute/async', { script, args });
  }

  /** A command of the backend, as the page gives it. */
  async call(name, request = {}) {
    const answer = await this.runAsync(
      `const [name, request, done] = arguments;
       window.__TAURI_INTERNALS__.invoke('rpc', { name, request }).then((answer) => done({ answer }), (error) => done({ error }));`,
      name,
      request,
    );
    if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error);
    return answer.answer;
  }

  /** Waits for an element of a role and name; a name is text or a regular expression. */
  find(role, name, { patience = PATIENCE_MS, nth = 0 } = {}) {
    const wanted = name instanceof RegExp ? { role, pattern: name.source, flags: name.flags, nth } : { role, name, nth };
    return until(() => this.run(FINDER, wanted), `${role} ${name}`, patience);
  }

  /** Whether there is such an element now. */
  async has(role, name) {
    const wanted = name instanceof RegExp ? { role, pattern: name.source, flags: name.flags } : { role, name };
    return (await this.run(FINDER, wanted)) !== null;
  }

  /** Waits until there is no such element. */
  async gone(role, name, patience = PATIENCE_MS) {
    await until(async () => !(await this.has(role, name)), `no ${role} ${name}`, patience);
  }

  /** Waits for text. */
  see(text, options) {
    return this.find('any', text, options);
  }

  /** Clicks what a person would click; once more if it has just moved away. */
  async click(role, name, options) {
    await until(async () => {
      const element = await this.find(role, name, options);
      try {
        await this.#in('POST', `/element/${element[ELEMENT]}/click`, {});
      } catch (error) {
        if (!/stale|intercept|interactable/.test(error.message)) throw error;
        // Inputs that are drawn by their labels.
        await this.run('arguments[0].click()', element);
      }
      return true;
    }, `a click on ${role} ${name}`);
  }

  /** Clicks what ends the program, and does not wait for what cannot be answered any more. */
  async clickToEnd(role, name) {
    const element = await this.find(role, name);
    await this.run('const [element] = arguments; setTimeout(() => element.click(), 50)', element);
  }

  /** Empties a field and types into it. */
  async type(name, text) {
    const element = await this.find('textbox', name);
    await this.#in('POST', `/element/${element[ELEMENT]}/clear`, {});
    await this.#in('POST', `/element/${element[ELEMENT]}/value`, { text });
  }

  /** Chooses an option of a list by its label. */
  async choose(name, label) {
    const element = await this.find('combobox', name);
    await until(
      () =>
        this.run(
          `const [select, label] = arguments;
           const option = [...select.options].find((option) => option.textContent.trim() === label);
           if (!option) return false;
           select.value = option.value;
           select.dispatchEvent(new Event('input', { bubbles: true }));
           select.dispatchEvent(new Event('change', { bubbles: true }));
           return true;`,
          element,
          label,
        ),
      `${label} in ${name}`,
    );
  }

  /** Goes to a page by its address. */
  async go(hash) {
    await this.run('location.hash = arguments[0]', hash);
  }

  /** Takes a picture of the page once it has drawn what it shows. */
  async picture(name) {
    await this.runAsync('const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0)))');
    writeFileSync(`${this.#out}/${name}.png`, Buffer.from(await this.#in('GET', '/screenshot'), 'base64'));
  }
}

/** A port that is free now. */
async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}
