import type { Backend } from './backend';
import { httpBackend } from './http';
import { tauriBackend } from './tauri';

/** The backend of this build. */
let chosen: Backend = import.meta.env.VITE_BACKEND === 'http' ? httpBackend() : tauriBackend();

/** Everything the page reaches beyond itself. Each call goes to the backend of the moment, so that tests may replace it. */
export const backend: Backend = {
  call: (name, request) => chosen.call(name, request),
  subscribe: (listener) => chosen.subscribe(listener),
  get desktop() {
    return chosen.desktop;
  },
};

/** Replaces the backend, in tests. */
export function replaceBackend(other: Backend): void {
  chosen = other;
}
