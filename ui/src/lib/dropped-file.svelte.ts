import { backend } from '../backend';
import type { SourceImport } from '../backend/bindings';

/** A file that was dragged onto the window: on a desktop its path, so that files it names are found; in a browser its text. */
export interface DroppedFile {
  name: string;
  request: SourceImport;
}

/** The file that waits for the import to take it. */
class Dropped {
  #file = $state.raw<DroppedFile | null>(null);

  /** Whether one waits. */
  get waits(): boolean {
    return this.#file !== null;
  }

  put(file: DroppedFile): void {
    this.#file = file;
  }

  take(): DroppedFile | null {
    const file = this.#file;
    this.#file = null;
    return file;
  }
}

export const dropped = new Dropped();

/** Keeps files that are dropped anywhere on the window, and reports each, until the returned function is called. */
export function watchDrops(onfile: () => void): () => void {
  const keep = (file: DroppedFile) => {
    dropped.put(file);
    onfile();
  };
  if (backend.desktop) return backend.desktop.onFileDrop((path) => keep({ name: path, request: { file: path } }));
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  // Without this a browser would leave the page and show the file.
  const over = (event: DragEvent) => {
    if (hasFiles(event)) event.preventDefault();
  };
  const drop = (event: DragEvent) => {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    void file.text().then((text) => keep({ name: file.name, request: { text } }));
  };
  window.addEventListener('dragover', over);
  window.addEventListener('drop', drop);
  return () => {
    window.removeEventListener('dragover', over);
    window.removeEventListener('drop', drop);
  };
}
