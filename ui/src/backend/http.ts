import type { Answer, Backend, CommandName, Request } from './backend';
import type { AppEvent } from './bindings';
import { asAppError, isAppError } from './errors';
import { shownPlace } from './place';

/** How long the page waits before it connects to the events again. */
const RECONNECT_MS = 500;

/** Names the place that the page shows. */
const PLACE = shownPlace === null ? '' : `?place=${encodeURIComponent(shownPlace)}`;

/** The backend over HTTP, as the development host offers it. */
export function httpBackend(): Backend {
  const listeners = new Set<(event: AppEvent) => void>();
  let events: EventSource | null = null;
  let lost = false;

  const connect = () => {
    events = new EventSource(`/events${PLACE}`);
    events.onopen = () => {
      // What happened in between was missed.
      if (lost) for (const listener of [...listeners]) listener({ kind: 'resync' });
      lost = false;
    };
    events.onmessage = (message: MessageEvent<string>) => {
      const event = JSON.parse(message.data) as AppEvent;
      for (const listener of [...listeners]) listener(event);
    };
    events.onerror = () => {
      lost = true;
      events?.close();
      setTimeout(connect, RECONNECT_MS);
    };
  };

  return {
    async call<K extends CommandName>(name: K, request: Request<K>): Promise<Answer<K>> {
      const response = await fetch(`/rpc/${name}${PLACE}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request),
      });
      const answer: unknown = await response.json();
      if (!response.ok) throw isAppError(answer) ? answer : asAppError(`${name}: ${response.status}`);
      return answer as Answer<K>;
    },
    subscribe(listener) {
      if (events === null) connect();
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    desktop: null,
  };
}
