import { language } from './index.svelte';
import { Catalogue } from './sentences';
import { sentences as zh } from './zh/sentences';

let chinese: Catalogue | null = null;

/** A sentence of the backend in the language of the page; what is not known in it stays in English. */
export function say(sentence: string): string {
  if (language.current !== 'zh') return sentence;
  chinese ??= new Catalogue(zh);
  return chinese.translate(sentence);
}
