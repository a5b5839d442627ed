/** A short notice that something has worked. Errors stay beside what caused them instead. */
export interface Toast {
  id: number;
  text: string;
}

const SHOW_MS = 4000;

class Toasts {
  shown = $state.raw<Toast[]>([]);
  #next = 1;

  /** Shows a notice for a while. */
  show(text: string): void {
    const id = this.#next;
    this.#next += 1;
    this.shown = [...this.shown, { id, text }];
    setTimeout(() => this.dismiss(id), SHOW_MS);
  }

  /** Puts a notice away. */
  dismiss(id: number): void {
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }
}

/** The notices of this window. */
export const toasts = new Toasts();
