/** How the bytes of a record are shown. */
export type Decoding = 'auto' | 'text' | 'json' | 'hex';

/** Bytes as a person reads them. */
export interface Decoded {
  text: string;
  as: 'text' | 'json' | 'hex';
  /** What was asked for was not possible. */
  fallback: 'notJson' | 'notText' | null;
}

const BYTES_A_LINE = 16;

/** Shows `bytes` as asked for, or as close to it as they allow. */
export function decode(bytes: readonly number[], decoding: Decoding): Decoded {
  if (decoding === 'hex') return { text: hexDump(bytes), as: 'hex', fallback: null };
  const text = utf8(bytes);
  if (text === null) {
    return { text: hexDump(bytes), as: 'hex', fallback: decoding === 'auto' ? null : 'notText' };
  }
  if (decoding === 'text') return { text, as: 'text', fallback: null };
  const json = indented(text);
  if (json !== null) return { text: json, as: 'json', fallback: null };
  return { text, as: 'text', fallback: decoding === 'json' ? 'notJson' : null };
}

/** One line for a table. */
export function preview(bytes: readonly number[], decoding: Decoding, length = 160): string {
  const some = bytes.slice(0, length * 2);
  const text = decoding === 'hex' ? null : utf8Prefix(some);
  if (text === null) {
    return some
      .slice(0, length / 3)
      .map(hex)
      .join(' ');
  }
  return text.replaceAll(/\s+/g, ' ').slice(0, length);
}

/** The text in UTF-8; null when it is none, or holds what no text holds. */
function utf8(bytes: readonly number[]): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes));
    return isText(text) ? text : null;
  } catch {
    return null;
  }
}

/** As `utf8`, for bytes that were cut, maybe within a character. */
function utf8Prefix(bytes: readonly number[]): string | null {
  for (let cut = 0; cut < 4 && (cut < bytes.length || cut === 0); cut += 1) {
    const text = utf8(bytes.slice(0, bytes.length - cut));
    if (text !== null) return text;
  }
  return null;
}

function isText(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 32 && code !== 9 && code !== 10 && code !== 13) return false;
  }
  return true;
}

/** Only objects and arrays count: a bare number or word is better seen as it is. */
function indented(text: string): string | null {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  return reindent(text.trim());
}

/** Formats JSON character by character: parsing and writing would change long numbers and double keys. */
function reindent(text: string): string {
  let out = '';
  let depth = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"') {
      let end = at + 1;
      while (end < text.length && text.charAt(end) !== '"') end += text.charAt(end) === '\\' ? 2 : 1;
      out += text.slice(at, end + 1);
      at = end;
    } else if (character === '{' || character === '[') {
      const rest = text.slice(at + 1).match(/^\s*([}\]])/);
      if (rest) {
        out += character + (rest[1] ?? '');
        at += rest[0].length;
      } else {
        depth += 1;
        out += character + line();
      }
    } else if (character === '}' || character === ']') {
      depth -= 1;
      out += line() + character;
    } else if (character === ',') {
      out += character + line();
    } else if (character === ':') {
      out += ': ';
    } else if (!/\s/.test(character)) {
      out += character;
    }
  }
  return out;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

function hexDump(bytes: readonly number[]): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += BYTES_A_LINE) {
    const row = bytes.slice(at, at + BYTES_A_LINE);
    const digits = row.map(hex).join(' ').padEnd(BYTES_A_LINE * 3 - 1);
    const letters = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${digits}  ${letters}`);
  }
  return lines.join('\n');
}
