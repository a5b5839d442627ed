import { backend } from '../backend';
import { toasts } from '../components/toasts.svelte';
import { t } from '../text/index.svelte';

/** A name that a person gave, as a part of the name of a file on any system. */
export function asFileName(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-');
}

/** Saves a text as a file, in the way this shell has, and says where. Returns false when the person gave up. */
export async function saveText(name: string, text: string, type: string): Promise<boolean> {
  if (backend.desktop) {
    const path = await backend.desktop.saveFile(name, text);
    if (path !== null) toasts.show(t().everywhere.savedAs(path));
    return path !== null;
  }
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
  toasts.show(t().everywhere.savedAs(name));
  return true;
}
