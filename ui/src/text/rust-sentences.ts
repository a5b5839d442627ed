/** Reads what the backend says out of its sources, for the tests of the catalogue. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');
/** Where the backend's sentences are made. */
const FOLDERS = ['crates/model', 'crates/reach', 'crates/aws', 'crates/kafka', 'crates/engine', 'crates/store', 'crates/alerts', 'crates/connect', 'crates/app', 'crates/demo', 'src-tauri'];

/** What stands for a placeholder of a format string. */
export const HOLE = '\u0000';

/** The sources of Rust under a folder, by path, without their unit tests. */
export function sources(folder: string): Map<string, string> {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.rs'));
  return new Map(
    files.map((file) => {
      const text = readFileSync(join(ROOT, folder, file), 'utf8');
      const tests = text.indexOf('#[cfg(test)]\nmod tests');
      return [`${folder}/${file}`, tests < 0 ? text : text.slice(0, tests)];
    }),
  );
}

/** String literals of a source, with their placeholders as `HOLE`. */
export function literals(source: string): string[] {
  const token = /\/\/[^\n]*|\/\*[^]*?\*\/|'(?:\\.[^']*|[^'\\])'|r(#*)"([^]*?)"\1|"((?:[^"\\]|\\[^])*)"/g;
  return [...source.matchAll(token)].flatMap(([, , raw, quoted]) => {
    const text =
      raw ??
      quoted
        ?.replaceAll(/\\\n\s*/g, '')
        .replaceAll('\\n', '\n')
        .replaceAll(/\\(["\\])/g, '$1');
    return text === undefined ? [] : [text.replaceAll(/\{\{|\}\}|\{[^{}\n]*\}/g, (found) => (found === '{{' ? '{' : found === '}}' ? '}' : HOLE))];
  });
}

/** Words that the backend makes of the names of variants: `NullEmpty` is shown as `null empty`. */
function variants(source: string): string[] {
  return [...source.matchAll(/^ +([A-Z][a-z]\w+),$/gm)].map(([, name = '']) => name.replaceAll(/\B[A-Z]/g, ' $&').toLowerCase());
}

/** Everything that the backend may say. */
export function allSaid(): string[] {
  return FOLDERS.flatMap((folder) => [...sources(`${folder}/src`).values()]).flatMap((source) => [...literals(source), ...variants(source)]);
}
