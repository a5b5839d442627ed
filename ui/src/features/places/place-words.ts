import type { PlaceView } from '../../backend/bindings';
import { t } from '../../text/index.svelte';

/** How a connection is shown: tone and word, and a sentence where something is to be known. */
export function standing(place: PlaceView): { tone: 'ok' | 'busy' | 'warn' | 'bad' | 'idle'; label: string; sentence?: string } {
  const texts = t().places;
  const { state, far } = place.connection;
  switch (state) {
    case 'none':
      return { tone: 'idle', label: texts.states.none };
    case 'connecting':
      return { tone: 'busy', label: texts.states.connecting };
    case 'lost':
      return { tone: 'warn', label: texts.states.lost };
    case 'refused':
      return { tone: 'bad', label: texts.states.refused };
    case 'connected':
      if (far && !far.runs_tasks) return { tone: 'warn', label: texts.states.noDaemon, sentence: texts.noDaemon };
      return { tone: 'ok', label: texts.states.connected };
  }
}

/** A word of the command line of systemd. */
function quoted(word: string): string {
  const text = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@/.,:+=-]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** The data folder of a host as `user@host:folder`; null for the user's own. A relative one is in the home there. */
export function folderOf(host: string): string | null {
  const [, folder = ''] = /^(?:[^[:]*\[[^\]]*\]|[^:[]*):(.*)$/.exec(host.trim()) ?? [];
  const path = folder.replace(/^~\/?/, '');
  if (path === '' && !folder.startsWith('~')) return null;
  return path.startsWith('/') ? path : `%h/${path}`;
}

/** The unit of systemd with which a user has the tasks of a folder run for good. */
export function systemdUnit(host: string): string {
  const folder = folderOf(host);
  // `%h` is the home, and stays as it is.
  const word = folder === null ? '' : ` --data ${folder.startsWith('%h/') ? quoted(folder.slice(2)).replace(/^"?/, '$&%h') : quoted(folder)}`;
  return [
    '[Unit]',
    'Description=Sluice replicates Kafka topics',
    '',
    '[Service]',
    `ExecStart=/usr/local/bin/sluice daemon${word}`,
    'Restart=on-failure',
    'TimeoutStopSec=120',
    '',
    '[Install]',
    'WantedBy=default.target',
  ].join('\n');
}
