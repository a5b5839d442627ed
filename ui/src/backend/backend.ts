import type { AppEvent, Commands } from './bindings';

/** Names of the backend's commands. */
export type CommandName = keyof Commands;
/** What a command takes. */
export type Request<K extends CommandName> = Commands[K]['request'];
/** What a command answers. */
export type Answer<K extends CommandName> = Commands[K]['answer'];

/** What the shell reports to the page without being asked. */
export type ShellEvent =
  | { kind: 'open_task'; id: string }
  | { kind: 'open_pre_check'; id: string }
  | { kind: 'ask_close' }
  | { kind: 'quitting'; remaining: number };

/** What closing the window does. */
export type CloseChoice = 'ask' | 'tray' | 'quit';

/** What the shell knows of itself. */
export interface ShellInfo {
  autostart: boolean;
  tray: boolean;
  close_choice: CloseChoice;
}

/** What only a desktop can do. Pages ask for it by `backend.desktop`, never by the name of the shell. */
export interface Desktop {
  info(): Promise<ShellInfo>;
  setAutostart(on: boolean): Promise<void>;
  /** Shows the page larger or smaller, in percent of its natural size. */
  setZoom(percent: number): Promise<void>;
  setCloseChoice(choice: CloseChoice): Promise<void>;
  /** The path of a file that the person chose; null when none was. */
  pickFile(): Promise<string | null>;
  /** Hears the path of each file that is dragged onto the window, until the returned function is called. */
  onFileDrop(listener: (path: string) => void): () => void;
  /** Where the file was saved; null when the person gave up. */
  saveFile(name: string, text: string): Promise<string | null>;
  openFolder(): Promise<void>;
  /** Where the bundle was saved; null when the person gave up. */
  supportBundle(): Promise<string | null>;
  quit(): Promise<void>;
  listen(listener: (event: ShellEvent) => void): () => void;
}

/** Everything the page reaches beyond itself. */
export interface Backend {
  /** Carries a command out. Rejects with an `AppError`. */
  call<K extends CommandName>(name: K, request: Request<K>): Promise<Answer<K>>;
  /** Hears events until the returned function is called. After a break of the connection there is a `resync`. */
  subscribe(listener: (event: AppEvent) => void): () => void;
  /** None in a browser. */
  desktop: Desktop | null;
}
