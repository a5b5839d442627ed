import { language, t } from './index.svelte';
import { Catalogue } from './sentences';
import { inWindow } from './window-words';
import { sentences as zh } from './zh/sentences';

let chinese: Catalogue | null = null;

/**
 * A sentence of the backend in the words of the window and the language of the page; what is not known in it stays in
 * English. The backend names options of the terminal companion and ranges as programs write them.
 */
export function say(sentence: string): string {
  if (language.current !== 'zh') return inWindow(sentence, t().everywhere.options);
  chinese ??= new Catalogue(zh);
  return inWindow(chinese.translate(sentence), t().everywhere.options);
}
