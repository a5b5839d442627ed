/**
 * Sentences that the backend makes, in another language. The backend speaks English everywhere; what a page shows of it is
 * looked up in a catalogue of templates, as gettext does, except that a sentence arrives with its names and numbers filled in.
 *
 * In a template `{#n}` is a number, `{@x}` has neither blanks nor parentheses, `{%x}` are IP addresses, `{,x}` is a list of
 * words, `{'x}` one of quoted names, `{*x}` is again a sentence or a word of the catalogue, `{!x}` too, and must be known; `{x}`
 * is a text within a sentence (a name, where it stands in quotes), `{~x}` any text, and `[s]` may be there or not.
 */

/** An English template and what it says in the other language. */
export type Sentence = readonly [english: string, other: string];

interface Template {
  pattern: RegExp;
  /** Placeholders in the order of the pattern's groups. */
  holes: { name: string; kind: string }[];
  other: string;
  weight: number;
}

const HOLE = /\{([#@*!~,'%]?)(\w+)\}|\[s\]/g;
const WORD = /[\p{L}\d]+/gu;
/** A name may have an apostrophe in it, but not what stands between two names. */
const QUOTED = "'(?:(?!', ').)+'";
const SHAPES: Record<string, string> = {
  '#': '-?\\d+(?:\\.\\d+)?',
  '@': '[^\\s()]+?',
  '%': '[\\da-fA-F]*[.:][\\da-fA-F.:, ]+',
  ',': '\\S+(?:, \\S+)*',
  "'": `${QUOTED}(?:, ${QUOTED})*(?: and \\d+ more)?`,
  '*': '.+?',
  '!': '.+?',
  '~': '.+?',
};
const NESTED = "*'";
/** As many pieces of a row are tried as one sentence. */
const MOST_IN_ONE = 8;
/** As many sentences are remembered; a page shows the same ones again and again. */
const REMEMBERED = 20_000;

/** Names of the placeholders of a template, sorted. */
export function holesOf(template: string): string[] {
  return [...template.matchAll(HOLE)].flatMap((found) => (found[2] ? [found[2]] : [])).sort();
}

/** What is said word for word in a template, between its placeholders. */
export function literalsOf(template: string): string[] {
  return template.split(/\{[#@*!~,'%]?\w+\}|\[s\]/);
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Whatever does not go on behind a semicolon: what stands there is most often a sentence of its own. */
const WITHIN = '(?:(?!; ).)+?';

function compile([english, other]: Sentence): Template {
  const holes: Template['holes'] = [];
  let pattern = '';
  let end = 0;
  for (const found of english.matchAll(HOLE)) {
    pattern += escaped(english.slice(end, found.index));
    end = found.index + found[0].length;
    const [, kind = '', name] = found;
    if (name === undefined) {
      pattern += 's?';
    } else {
      pattern += `(${SHAPES[kind] ?? WITHIN})`;
      holes.push({ name, kind });
    }
  }
  pattern += escaped(english.slice(end));
  // Sentences begin small, so that they can stand behind others, and large where they stand behind a full stop.
  pattern = pattern.replace(/^[A-Za-z]/, (first) => `[${first.toLowerCase()}${first.toUpperCase()}]`);
  const weight = literalsOf(english).join('').length;
  return { pattern: new RegExp(`^${pattern}$`, 'u'), holes, other, weight };
}

/** Words of a template that a sentence must have as they are. */
function anchors(english: string): string[] {
  const parts = literalsOf(english);
  return parts.flatMap((part, index) =>
    [...part.matchAll(WORD)]
      // A word that touches a placeholder may be longer in the sentence.
      .filter((found) => (index === 0 || found.index > 0) && (index === parts.length - 1 || found.index + found[0].length < part.length))
      .map(([word]) => word.toLowerCase()),
  );
}

/** Templates, ready to be looked up. */
export class Catalogue {
  /** Templates under a word that they cannot do without, the rarest one; a sentence asks for its own words only. */
  readonly #byWord = new Map<string, Template[]>();
  readonly #wordless: Template[] = [];
  /** Sentences that were asked for, and parts of them, which several ways of taking one apart have in common. */
  readonly #known = new Map<string, string | null>();

  constructor(sentences: readonly Sentence[]) {
    const counts = new Map<string, number>();
    for (const [english] of sentences) for (const word of new Set(anchors(english))) counts.set(word, (counts.get(word) ?? 0) + 1);
    for (const sentence of sentences) {
      const rarest = anchors(sentence[0]).sort((a, b) => (counts.get(a) ?? 0) - (counts.get(b) ?? 0))[0];
      const templates = rarest === undefined ? this.#wordless : (this.#byWord.get(rarest) ?? []);
      if (rarest !== undefined) this.#byWord.set(rarest, templates);
      templates.push(compile(sentence));
    }
  }

  /** `text` in the other language; what no template is known for stays as it is. */
  translate(text: string): string {
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    return (
      text
        .split('\n')
        .map((line) => this.#line(line) ?? line)
        .join('\n')
        // Kafka ends some of its sentences itself.
        .replaceAll('。。', '。')
    );
  }

  /**
   * The sentence with most of its words in a template that it fits as a whole; `isStrict` with one sentence at most in each
   * placeholder.
   */
  #whole(text: string, isStrict = false): string | null {
    const words = new Set([...text.matchAll(WORD)].map(([word]) => word.toLowerCase()));
    const candidates = [...words].flatMap((word) => this.#byWord.get(word) ?? []).concat(this.#wordless);
    for (const template of candidates.sort((a, b) => b.weight - a.weight)) {
      const found = template.pattern.exec(text);
      if (!found) continue;
      const values = new Map<string, string>();
      for (const [index, { name, kind }] of template.holes.entries()) {
        const value = found[index + 1] ?? '';
        // Sentences in a row are most often in a row with this one, not within it.
        const isOne = kind === '!' || (isStrict && kind === '*' && value.includes('; '));
        const said = isOne ? this.#whole(value, isStrict) : kind !== '' && NESTED.includes(kind) ? this.#line(value) : null;
        if (isOne && said === null) break;
        values.set(name, said ?? value);
      }
      if (values.size < template.holes.length) continue;
      return template.other.replaceAll(HOLE, (hole: string, _kind: string, name?: string) => (name === undefined ? hole : (values.get(name) ?? hole)));
    }
    return null;
  }

  /** A sentence, or several; `null` when nothing in it is known. */
  #line(text: string): string | null {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const said = this.#apart(text);
    this.#known.set(text, said);
    return said;
  }

  #apart(text: string): string | null {
    if (text === '') return null;
    const whole = this.#whole(text, true) ?? this.#joined(text, '; ', '；', true) ?? this.#whole(text);
    if (whole !== null) return whole;
    if (text.endsWith('.')) {
      const said = this.#line(text.slice(0, -1));
      if (said !== null) return `${said}。`;
    }
    return (
      this.#joined(text, '; ', '；') ??
      this.#joined(text, '. ', '。') ??
      this.#remarked(text) ??
      this.#led(text) ??
      this.#listed(text)
    );
  }

  /** Sentences in a row; one of them may itself have the separator in it, so the longest that fits is taken. */
  #joined(text: string, separator: string, other: string, isAll = false): string | null {
    const parts = text.split(separator);
    if (parts.length === 1) return null;
    let said = '';
    let wasKnown = false;
    let found = false;
    for (let from = 0; from < parts.length; ) {
      let taken: string | null = null;
      let to = Math.min(from + MOST_IN_ONE, from === 0 ? parts.length - 1 : parts.length);
      for (; to > from; to -= 1) {
        const piece = parts.slice(from, to).join(separator);
        taken = to - from === 1 ? this.#line(piece) : this.#whole(piece, true);
        if (taken !== null) break;
      }
      if (isAll && taken === null) return null;
      // What is in a row within somebody's data stays as it is.
      if (from > 0) said += wasKnown || taken !== null ? other : separator;
      said += taken ?? parts[from] ?? '';
      wasKnown = taken !== null;
      found ||= wasKnown;
      from = Math.max(to, from + 1);
    }
    return found ? said : null;
  }

  /** What a sentence is about, a colon, and the sentence. */
  #led(text: string): string | null {
    for (let at = text.indexOf(': '); at > 0; at = text.indexOf(': ', at + 2)) {
      const [head, tail] = [text.slice(0, at), text.slice(at + 2)];
      const saidTail = this.#line(tail);
      const saidHead = this.#whole(head);
      if (saidTail !== null || saidHead !== null) return `${saidHead ?? head}：${saidTail ?? tail}`;
    }
    return null;
  }

  /** A sentence with somebody's own words in parentheses behind it. */
  #remarked(text: string): string | null {
    if (!text.endsWith(')')) return null;
    let open = text.length - 1;
    for (let depth = 1; depth > 0 && open > 0; ) {
      open -= 1;
      depth += text[open] === ')' ? 1 : text[open] === '(' ? -1 : 0;
    }
    if (open < 2 || text[open - 1] !== ' ') return null;
    const tail = text.slice(open + 1, -1);
    const said = this.#line(text.slice(0, open - 1));
    return said === null ? null : `${said}（${this.#line(tail) ?? tail}）`;
  }

  /** A list of words, each of which is known. */
  #listed(text: string): string | null {
    const parts = text.split(', ');
    if (parts.length === 1) return null;
    const said = parts.map((part) => this.#whole(part));
    return said.every((part) => part !== null) ? said.join('、') : null;
  }
}
