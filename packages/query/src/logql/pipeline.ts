import { RE2JS } from 're2js';
import type { LabelFilter, LineOperator, LineValue, Matcher, NumberOperator, Stage, Unwrap } from './ast.ts';
import { holdsIp, parseIpPattern } from './ip.ts';
import { labelName, levelLabels, levelsOf, matcherTest, type Labels } from './labels.ts';
import { capturesOf, matchesLinePattern, parseLinePattern, parsePattern } from './pattern.ts';
import { decolorize, extractJson, parseJson, parseLogfmt, regexpParser, unpackJson, type Parsed } from './parsers.ts';
import { parseTemplate, runTemplate, TemplateError } from './template.ts';
import { parseBytes, parseFloatStrict, parseSeconds } from './units.ts';

/** A log on its way through a pipeline. Later labels hide earlier ones of the same name. */
export class Entry {
  line: string;
  readonly tsNs: bigint;
  readonly stream: Map<string, string>;
  readonly metadata: Map<string, string>;
  readonly parsed = new Map<string, string>();
  readonly #base: ReadonlySet<string>;

  constructor(tsNs: bigint, line: string, stream: Labels, metadata: Labels) {
    this.tsNs = tsNs;
    this.line = line;
    this.stream = new Map(Object.entries(stream));
    this.metadata = new Map(Object.entries(metadata));
    this.#base = new Set([...this.stream.keys(), ...this.metadata.keys()]);
  }

  /** '' where there is none. */
  get(name: string): string {
    return this.parsed.get(name) ?? this.stream.get(name) ?? this.metadata.get(name) ?? '';
  }

  has(name: string): boolean {
    return this.parsed.has(name) || this.stream.has(name) || this.metadata.has(name);
  }

  set(name: string, value: string): void {
    this.delete(name);
    if (value !== '') this.parsed.set(name, value);
  }

  delete(name: string): void {
    this.parsed.delete(name);
    this.stream.delete(name);
    this.metadata.delete(name);
  }

  /** What a parser found; a name that the record had already gets `_extracted`. */
  extract({ fields, error, details, keepsEmpty = false }: Parsed): void {
    for (const [name, value] of fields) {
      const own = this.#base.has(name) ? `${name}_extracted` : name;
      if (value === '' && !keepsEmpty) this.parsed.delete(own);
      else this.parsed.set(own, value);
    }
    if (error !== '') this.fault(error, details);
  }

  fault(error: string, details: string): void {
    this.parsed.set('__error__', error);
    if (details !== '') this.parsed.set('__error_details__', details);
  }

  /** Everything, for a reply without categories. */
  all(): Record<string, string> {
    return Object.fromEntries([...this.metadata, ...this.stream, ...this.parsed]);
  }

  /** Labels that tell metric series apart: structured metadata is left out, faults are. */
  series(): Record<string, string> {
    const labels = [...this.stream, ...this.parsed].filter(
      ([name, value]) => value !== '' && name !== '__error__' && name !== '__error_details__',
    );
    return Object.fromEntries(labels);
  }
}

export type Step = (entry: Entry) => boolean;

/** Runs `stages`; false where the entry is dropped. */
export function compilePipeline(stages: readonly Stage[]): Step {
  const steps = stages.map(compileStage);
  return (entry) => steps.every((step) => step(entry));
}

function compileStage(stage: Stage): Step {
  switch (stage.kind) {
    case 'line': {
      const test = lineTest(stage.op, stage.values);
      return (entry) => test(entry.line);
    }
    case 'labels':
      return labelFilterStep(stage.filter);
    case 'json': {
      const { fields } = stage;
      return (entry) => {
        const parsed = fields.length === 0 ? parseJson(entry.line) : extractJson(entry.line, fields);
        entry.extract(parsed.error !== '' && wasTakenApart(entry) ? takenApart(entry, parsed, fields) : parsed);
        return true;
      };
    }
    case 'logfmt': {
      const { fields, strict, keepEmpty } = stage;
      if (fields.length === 0) return extracting((line) => parseLogfmt(line, strict, keepEmpty));
      return extracting((line) => {
        const { fields: found, error, details } = parseLogfmt(line, strict, true);
        const byName = new Map(found);
        const chosen = fields.map(({ label, expression }): [string, string] => [
          label,
          byName.get(labelName(expression)) ?? '',
        ]);
        return { fields: chosen, error, details, keepsEmpty: true };
      });
    }
    case 'regexp':
      return extracting(regexpParser(stage.pattern));
    case 'pattern': {
      const parts = parsePattern(stage.pattern);
      return extracting((line) => ({ fields: parts.ok ? capturesOf(line, parts.value) : [], error: '', details: '' }));
    }
    case 'unpack':
      return (entry) => {
        const { entry: line, ...parsed } = unpackJson(entry.line);
        entry.extract(parsed);
        if (line !== undefined) entry.line = line;
        return true;
      };
    case 'decolorize':
      return (entry) => {
        entry.line = decolorize(entry.line);
        return true;
      };
    case 'line_format': {
      const fill = templateOf(stage.template);
      return (entry) => {
        const line = fill(entry);
        if (line !== undefined) entry.line = line;
        return true;
      };
    }
    case 'label_format': {
      const formats = stage.formats.map(({ label, from, template }) => ({ label, from, fill: templateOf(template) }));
      return (entry) => {
        for (const { label, from, fill } of formats) {
          if (from === undefined) {
            const value = fill(entry);
            if (value !== undefined) entry.set(label, value);
          } else if (entry.has(from)) {
            const value = entry.get(from);
            if (from !== label) entry.delete(from);
            entry.set(label, value);
          }
        }
        return true;
      };
    }
    case 'drop': {
      const choices = stage.choices.map(({ label, matcher }) => ({ label, test: matcher && textTest(matcher) }));
      return (entry) => {
        for (const { label, test } of choices) if (!test || test(entry)) dropLabel(entry, label);
        return true;
      };
    }
    case 'keep': {
      const choices = stage.choices.map(({ label, matcher }) => ({ label, test: matcher && textTest(matcher) }));
      return (entry) => {
        const kept = new Set(choices.filter(({ test }) => !test || test(entry)).map(({ label }) => label));
        for (const name of [...entry.parsed.keys(), ...entry.stream.keys(), ...entry.metadata.keys()])
          if (!kept.has(name) && !name.startsWith('__error')) entry.delete(name);
        return true;
      };
    }
  }
}

function dropLabel(entry: Entry, label: string): void {
  entry.delete(label);
  if (label === '__error__') entry.delete('__error_details__');
}

/** Lines that were JSON objects are taken apart at receipt: the message is the line then, the fields are attributes. */
const wasTakenApart = (entry: Entry): boolean =>
  entry.metadata.size > (entry.metadata.has('detected_level') ? 1 : 0) && !/^\s*[{[]/.test(entry.line);

function takenApart(entry: Entry, parsed: Parsed, fields: readonly { label: string; expression: string }[]): Parsed {
  const messages: [string, string][] = ['msg', 'message'].map((name) => [name, entry.line]);
  if (fields.length === 0) return { fields: messages.filter(([name]) => !entry.has(name)), error: '', details: '' };
  const chosen = fields.map(({ label, expression }): [string, string] => [
    label,
    entry.get(labelName(expression)) || (['msg', 'message'].includes(expression) ? entry.line : ''),
  ]);
  return { ...parsed, fields: chosen, error: '', details: '' };
}

function extracting(parse: (line: string) => Parsed): Step {
  return (entry) => {
    entry.extract(parse(entry.line));
    return true;
  };
}

function templateOf(text: string): (entry: Entry) => string | undefined {
  const template = parseTemplate(text);
  return (entry) => {
    try {
      return runTemplate(template, { label: (name) => entry.get(name), line: entry.line, tsNs: entry.tsNs });
    } catch (error) {
      if (!(error instanceof TemplateError) && !(error instanceof RangeError)) throw error;
      entry.fault('TemplateFormatErr', error.message);
      return undefined;
    }
  };
}

/** Whether a line passes a line filter. */
export function lineTest(op: LineOperator, values: readonly LineValue[]): (line: string) => boolean {
  const negated = op.startsWith('!');
  const tests = values.map(({ text, ip }): ((line: string) => boolean) => {
    if (ip) {
      const range = parseIpPattern(text);
      return (line) => range !== undefined && holdsIp(line, range);
    }
    if (op === '|=' || op === '!=') return (line) => line.includes(text);
    if (op === '|>' || op === '!>') {
      const literals = parseLinePattern(text);
      return (line) => literals.ok && matchesLinePattern(line, literals.value);
    }
    const pattern = RE2JS.compile(text);
    return (line) => pattern.matcher(line).find();
  });
  return (line) => tests.some((test) => test(line)) !== negated;
}

/** A condition on one label's text. Levels are known under all of their spellings. */
function textTest({ label, op, value }: Matcher): (entry: Entry) => boolean {
  const test = matcherTest({ op, value });
  if (!levelLabels.has(label)) return (entry) => test(entry.get(label));
  const levels = levelsOf({ op, value });
  return (entry) => {
    const given = entry.get(label);
    return entry.parsed.has(label) ? test(given) : levels.has(given);
  };
}

export function labelFilterStep(filter: LabelFilter): Step {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const [left, right] = [labelFilterStep(filter.left), labelFilterStep(filter.right)];
      return filter.kind === 'and' ? (entry) => left(entry) && right(entry) : (entry) => left(entry) || right(entry);
    }
    case 'text':
      return textTest(filter);
    case 'ip': {
      const range = parseIpPattern(filter.value);
      const { label, op } = filter;
      return (entry) => (range !== undefined && holdsIp(entry.get(label), range)) === (op === '=');
    }
    case 'number': {
      const compare = comparisons[filter.op];
      const read = { number: parseFloatStrict, duration: parseSeconds, bytes: parseBytes }[filter.type];
      const { label, value } = filter;
      return (entry) => {
        const text = entry.get(label);
        if (text === '') return false;
        const number = read(text);
        if (number !== undefined) return compare(number, value);
        // Kept, and marked: whoever wants it gone asks for __error__="".
        if (!entry.has('__error__'))
          entry.fault(
            'LabelFilterErr',
            `${unreadable[filter.type]} ${JSON.stringify(text.slice(0, 100))}${filter.type === 'duration' ? '' : ': invalid syntax'}`,
          );
        return true;
      };
    }
  }
}

/** What Loki says of a label's text that is no such value. */
const unreadable = {
  number: 'strconv.ParseFloat: parsing',
  duration: 'time: invalid duration',
  bytes: 'strconv.ParseFloat: parsing',
} as const;

const comparisons: Readonly<Record<NumberOperator, (left: number, right: number) => boolean>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
};

/** The number of an entry; undefined where it has none or does not pass the conditions behind. Removes the label. */
export function compileUnwrap({ label, conversion, filters }: Unwrap): (entry: Entry) => number | undefined {
  const read = conversion === '' ? parseFloatStrict : conversion === 'bytes' ? parseBytes : parseSeconds;
  const tests = filters.map(labelFilterStep);
  return (entry) => {
    const text = entry.get(label);
    if (text === '') return undefined;
    const value = read(text);
    // The conditions behind still see the label.
    const passes = value !== undefined && tests.every((test) => test(entry));
    entry.delete(label);
    return passes ? value : undefined;
  };
}
