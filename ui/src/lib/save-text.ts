import { backend } from '../backend';

/** Saves a text as a file, in the way this shell has. Returns false when the person gave up. */
export async function saveText(name: string, text: string, type: string): Promise<boolean> {
  if (backend.desktop) return (await backend.desktop.saveFile(name, text)) !== null;
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
  return true;
}
