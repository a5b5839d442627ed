import { Channel, invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { Answer, Backend, CloseChoice, CommandName, Request, ShellEvent, ShellInfo } from './backend';
import type { AppEvent } from './bindings';
import { asAppError } from './errors';
import { shownPlace } from './place';

/** The backend inside the desktop window. */
export function tauriBackend(): Backend {
  const listeners = new Set<(event: AppEvent) => void>();
  let isSubscribed = false;
  const tell = (event: AppEvent) => {
    for (const listener of [...listeners]) listener(event);
  };

  const connect = () => {
    isSubscribed = true;
    const channel = new Channel<AppEvent>();
    channel.onmessage = tell;
    invoke('subscribe', { channel, place: shownPlace }).catch((error: unknown) => {
      isSubscribed = false;
      console.error('events cannot be subscribed to', asAppError(error).message);
    });
  };

  return {
    async call<K extends CommandName>(name: K, request: Request<K>): Promise<Answer<K>> {
      try {
        return await invoke<Answer<K>>('rpc', { name, request, place: shownPlace });
      } catch (error) {
        throw asAppError(error);
      }
    },
    subscribe(listener) {
      if (!isSubscribed) connect();
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    desktop: {
      info: () => invoke<ShellInfo>('shell_info'),
      setAutostart: (on) => invoke('set_autostart', { on }),
      setZoom: (percent) => invoke('set_zoom', { percent }),
      setCloseChoice: (choice: CloseChoice) => invoke('close_choice', { choice }),
      pickFile: () => invoke<string | null>('pick_file'),
      onFileDrop(listener) {
        const unlisten = listen<{ paths: string[] }>('tauri://drag-drop', (event) => {
          const [path] = event.payload.paths;
          if (path !== undefined) listener(path);
        });
        return () => void unlisten.then((end) => end());
      },
      saveFile: (name, text) => invoke<string | null>('save_file', { name, text }),
      openFolder: () => invoke('open_folder'),
      supportBundle: () => invoke<string | null>('support_bundle'),
      quit: () => invoke('quit'),
      listen(listener) {
        const channel = new Channel<ShellEvent>();
        channel.onmessage = listener;
        invoke('shell_events', { channel }).catch((error: unknown) => console.error('the shell does not report', asAppError(error).message));
        return () => (channel.onmessage = () => {});
      },
    },
  };
}
