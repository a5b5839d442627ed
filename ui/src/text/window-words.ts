/**
 * The backend's sentences serve the terminal companion as well: they name its options (`--existing append`) and ranges of
 * offsets as programs write them (`[5, 9)`). The window names its own fields, and the last offset, and its numbers have their
 * thousands apart.
 */
import { grouped } from '../lib/grouped';

/** What the window calls an option, and each of its values. */
export interface OptionWords {
  /** The field's name, with a value: “If the target has data: Append”. */
  named: (field: string, value: string) => string;
  /** The field's name alone. */
  field: (field: string) => string;
  /** From the first to the last offset. */
  range: (from: string, to: string) => string;
  /** A range without an offset. */
  nothing: (at: string) => string;
  /** Fields by option, without its dashes, with their values; a value that is not there stays as it is. */
  fields: Record<string, { name: string; values?: Record<string, string> }>;
}

/** A command of Kafka's own tools, which is to be copied as it is. */
const COMMAND = /\((?:kafka-[a-z]+|sluice) [^)]*\)|kafka-[a-z]+(?:\.sh)?(?: --?[\w.=-]+| [\w.={}<>-]+)*/g;
const OPTION = /--([a-z][a-z-]+)(?: ([a-z]+(?:-[a-z]+)*)(?![\w'-]))?/g;
const RANGE = /\[(\d+), (\d+)\)/g;

/** A number of something that is counted, in either language: others may be ports, ids, or values to be copied. */
const COUNT = /(?<![\w.,:=/'“-])\d{4,}(?= (?:records?|offsets?|bytes?|partitions?|topics?|positions?|groups?|batch(?:es)?|newer|of \d)| ?(?:个|条|字节|项|次))/g;

/** What only a terminal needs to know: an option in parentheses behind what it means. */
const ASIDE = / \(--[a-z][^()]*\)/g;

/** A sentence as the window says it. */
export function inWindow(sentence: string, words: OptionWords): string {
  const counted = sentence.replaceAll(COUNT, (digits) => grouped(Number(digits)));
  if (!counted.includes('--') && !counted.includes('[')) return counted;
  const ranged = counted.replaceAll(RANGE, (_, from: string, to: string) =>
    Number(to) > Number(from) ? words.range(grouped(Number(from)), grouped(Number(to) - 1)) : words.nothing(grouped(Number(from))),
  );
  let said = '';
  let end = 0;
  // What Kafka's tools are given is no option of ours.
  for (const command of ranged.matchAll(COMMAND)) {
    said += options(ranged.slice(end, command.index), words) + command[0];
    end = command.index + command[0].length;
  }
  return said + options(ranged.slice(end), words);
}

function options(text: string, words: OptionWords): string {
  return text.replaceAll(ASIDE, '').replaceAll(/（--[a-z][^（）]*）/g, '').replaceAll(OPTION, (whole: string, option: string, value: string | undefined) => {
    const field = words.fields[option];
    if (!field) return whole;
    const named = value === undefined ? undefined : field.values?.[value];
    if (named !== undefined) return words.named(field.name, named);
    return `${words.field(field.name)}${value === undefined ? '' : ` ${value}`}`;
  });
}
