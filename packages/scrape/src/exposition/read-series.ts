import { fail, ok, type Result } from '@sightline/base';

/**
 * Where the text that names a series ends: a metric's name, its labels in braces, or both. The place of the first character after it;
 * -1 when a brace or a quote stays open.
 */
export function seriesEnd(line: string, start: number): number {
  let at = start;
  while (at < line.length) {
    const code = line.charCodeAt(at);
    if (code === 32 || code === 9) return at;
    if (code === 123) return bracesEnd(line, at + 1);
    at++;
  }
  return at;
}

function bracesEnd(line: string, start: number): number {
  let quoted = false;
  for (let at = start; at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (quoted && code === 92) at++;
    else if (code === 34) quoted = !quoted;
    else if (code === 125 && !quoted) return at + 1;
  }
  return -1;
}

const plainName = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const labelName = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const quotedText = /"((?:[^"\\\n]|\\.)*)"/y;
const blank = /[ \t]*/y;

/** Goes over a series' text. */
class SeriesText {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.#text);
    if (!match) return undefined;
    this.at = pattern.lastIndex;
    return match[1] ?? match[0];
  }

  skip(character: string): boolean {
    this.take(blank);
    if (this.#text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  get done(): boolean {
    this.take(blank);
    return this.at >= this.#text.length;
  }
}

function unescape(text: string): string {
  return text.includes('\\')
    ? text.replace(/\\(.)/g, (whole, letter: string) =>
        letter === 'n' ? '\n' : letter === '"' || letter === '\\' ? letter : whole,
      )
    : text;
}

/**
 * Reads `name{label="value"}`, or `{"a name of any characters", "label"="value"}`
 * (https://prometheus.io/docs/instrumenting/exposition_formats/#basic-info). Labels of an exemplar have no name: `named` false.
 */
export function readSeries(text: string, named = true): Result<readonly string[], string> {
  const reader = new SeriesText(text);
  const labels: string[] = [];
  const name = reader.take(plainName);
  if (name !== undefined) labels.push('__name__', name);
  if (reader.skip('{')) {
    const problem = readLabels(reader, labels);
    if (problem !== '') return fail(problem);
  }
  if (!reader.done) return fail(`"${text.slice(0, 100)}" is no series`);
  if (named && !labels.some((part, n) => n % 2 === 0 && part === '__name__'))
    return fail(`"${text.slice(0, 100)}" has no name`);
  return ok(labels);
}

/** What is wrong; '' when nothing is. */
function readLabels(reader: SeriesText, labels: string[]): string {
  const names = new Set(labels.length > 0 ? ['__name__'] : []);
  while (!reader.skip('}')) {
    const quoted = reader.take(quotedText);
    const name = quoted === undefined ? reader.take(labelName) : unescape(quoted);
    if (name === undefined) return 'a label has no name';
    if (!reader.skip('=')) {
      if (quoted === undefined || names.has('__name__')) return `label "${name.slice(0, 100)}" has no value`;
      labels.push('__name__', name);
      names.add('__name__');
    } else {
      reader.take(blank);
      const value = reader.take(quotedText);
      if (value === undefined) return `the value of label "${name.slice(0, 100)}" is not in quotes`;
      if (names.has(name)) return `label "${name.slice(0, 100)}" stands twice`;
      names.add(name);
      if (value !== '') labels.push(name, unescape(value));
    }
    if (reader.skip(',')) continue;
    return reader.skip('}') ? '' : 'labels are not joined by commas';
  }
  return '';
}
