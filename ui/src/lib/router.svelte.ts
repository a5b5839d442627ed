/** Where the page is: the parts of the path and the questions behind it, as in `#/tasks/rp-1/log?level=error`. */
class Router {
  #hash = $state(location.hash);
  /** Asked before a page is left; false keeps it. */
  #guard: ((to: string) => boolean) | null = null;

  readonly #url = $derived(new URL(this.#hash.replace(/^#/, '') || '/tasks', 'page://x/'));
  /** The path's parts, decoded. */
  readonly parts = $derived(
    this.#url.pathname
      .split('/')
      .filter((part) => part !== '')
      .map(decode),
  );
  /** What is asked behind the path. */
  readonly query = $derived(this.#url.searchParams);

  constructor() {
    addEventListener('hashchange', () => {
      if (location.hash === this.#hash) return;
      if (this.#guard && !this.#guard(location.hash)) {
        history.replaceState(null, '', this.#hash || '#/tasks');
        return;
      }
      this.#hash = location.hash;
    });
  }

  /** Goes to a page. */
  go(hash: string): void {
    location.hash = hash;
  }

  /** Changes the address without leaving the page or adding to its history. */
  replace(hash: string): void {
    history.replaceState(null, '', hash);
    this.#hash = hash;
  }

  /** Lets `guard` refuse that the page is left, until the returned function is called. */
  guard(guard: (to: string) => boolean): () => void {
    this.#guard = guard;
    return () => {
      if (this.#guard === guard) this.#guard = null;
    };
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of this window. */
export const router = new Router();

/** The address of a page, its parts encoded. */
export function address(parts: readonly string[], query: Record<string, string | null> = {}): string {
  const path = parts.map(encodeURIComponent).join('/');
  const asked = new URLSearchParams(
    Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== null),
  ).toString();
  return `#/${path}${asked === '' ? '' : `?${asked}`}`;
}
