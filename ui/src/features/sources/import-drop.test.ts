import { cleanup, fireEvent, render, waitFor } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { replaceBackend } from '../../backend';
import type { Backend } from '../../backend/backend';
import type { SourceImport, SourceImported } from '../../backend/bindings';
import { watchDrops } from '../../lib/dropped-file.svelte';
import { language } from '../../text/index.svelte';
import ImportDialog from './ImportDialog.svelte';

const asked: SourceImport[] = [];
let drop: (path: string) => void = () => {};

function backendWith(desktop: Partial<NonNullable<Backend['desktop']>> | null): Backend {
  return {
    call: async (name: string, request: unknown) => {
      if (name !== 'source_import') throw new Error(`unexpected ${name}`);
      asked.push(request as SourceImport);
      return { form: {}, secrets: {}, notes: ['a note'] } as never;
    },
    subscribe: () => () => {},
    desktop: desktop as Backend['desktop'],
  };
}

beforeEach(() => {
  language.choice = 'en';
  asked.length = 0;
  HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
    this.open = true;
  };
});
afterEach(cleanup);

test('a file that is dropped on the window is offered for import by its path, so that files it names are found', async () => {
  replaceBackend(backendWith({ onFileDrop: (listener) => ((drop = listener), () => {}) }));
  let drops = 0;
  const end = watchDrops(() => drops++);
  const imported: SourceImported[] = [];
  const page = render(ImportDialog, { open: false, onimported: (one: SourceImported) => imported.push(one) });
  drop('/etc/kafka/client.properties');
  expect(drops).toBe(1);
  await waitFor(() => page.getByText('/etc/kafka/client.properties'));
  expect(asked).toEqual([]);
  await fireEvent.click(page.getByText('Read settings'));
  await waitFor(() => expect(asked).toEqual([{ file: '/etc/kafka/client.properties' }]));
  await waitFor(() => expect(imported).toHaveLength(1));
  end();
});

test('in a browser its text is taken', async () => {
  replaceBackend(backendWith(null));
  let drops = 0;
  const end = watchDrops(() => drops++);
  const page = render(ImportDialog, { open: false, onimported: () => {} });
  const event = new Event('drop') as Event & { dataTransfer: unknown };
  event.dataTransfer = { types: ['Files'], files: [{ name: 'a.properties', text: async () => 'bootstrap.servers=a:1' }] };
  window.dispatchEvent(event);
  await waitFor(() => expect(drops).toBe(1));
  await waitFor(() => page.getByText('a.properties'));
  await fireEvent.click(page.getByText('Read settings'));
  await waitFor(() => expect(asked).toEqual([{ text: 'bootstrap.servers=a:1' }]));
  end();
});
