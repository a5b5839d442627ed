/** The desktop around the window: icons of programs and notifications, over D-Bus. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The program `fake-desktop` of this tree's tests. */
export class Desktop {
  #child;
  #lines;

  async start(program) {
    this.#child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    const ready = await this.#next();
    if (ready !== 'ready') throw new Error(`the desktop says ${JSON.stringify(ready)}`);
  }

  async #next() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the desktop has ended');
    return JSON.parse(value);
  }

  async #ask(request) {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const answer = await this.#next();
    if (answer?.error) throw new Error(answer.error);
    return answer;
  }

  /** Every notification so far. */
  notifications() {
    return this.#ask({ do: 'notifications' });
  }

  /** Clicks a notification. */
  clickNotification(id) {
    return this.#ask({ do: 'click_notification', id });
  }

  /** The file of the icon that is shown now. */
  icon() {
    return this.#ask({ do: 'icon' });
  }

  /** The lines of the icon's menu. */
  menu() {
    return this.#ask({ do: 'menu' });
  }

  /** Clicks a line of the icon's menu. */
  clickMenu(label) {
    return this.#ask({ do: 'click_menu', label });
  }

  /** Whether a window can be seen. */
  isShown(title) {
    return this.#ask({ do: 'is_shown', title });
  }

  /** Closes a window as the cross in its frame does. */
  closeWindow(title) {
    return this.#ask({ do: 'close_window', title });
  }

  end() {
    this.#child.stdin.end();
  }
}
