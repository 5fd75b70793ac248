import { RE2JS } from 're2js';
import { parsePrometheusDuration } from '../prometheus-duration.ts';
import { comparisons } from './comparisons.ts';
import { formatWords, general } from './format-words.ts';
import { humanize, humanize1024, humanizeDuration, humanizePercentage } from './humanize.ts';
import {
  isTrue,
  printTime,
  printValue,
  TemplateDuration,
  TemplateFailure,
  TemplateSample,
  type TemplateValue,
} from './template-value.ts';

/** What a template may ask its surroundings. */
export interface TemplateWorld {
  readonly atMs: number;
  /** Address of this installation, without a slash at the end; '' when nobody said. */
  readonly externalUrl: string;
  /** The answer of an instant query at `atMs`; throws `TemplateFailure`. */
  query(expression: string): Promise<readonly TemplateSample[]>;
}

type TemplateFunction = (
  args: readonly TemplateValue[],
  world: TemplateWorld,
) => TemplateValue | Promise<TemplateValue>;

const text = (value: TemplateValue | undefined): string => {
  if (typeof value !== 'string') throw new TemplateFailure('wrong type for value; expected string');
  return value;
};
const number = (value: TemplateValue | undefined): number => {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof TemplateDuration) return value.seconds;
  if (typeof value === 'string' && value.trim() !== '') {
    if (/^[+-]?inf(?:inity)?$/iu.test(value)) return value.startsWith('-') ? -Infinity : Infinity;
    const read = Number(value);
    if (!Number.isNaN(read) || /^nan$/iu.test(value)) return read;
  }
  throw new TemplateFailure(`can't convert ${printValue(value ?? null)} to float`);
};
const sample = (value: TemplateValue | undefined): TemplateSample => {
  if (!(value instanceof TemplateSample))
    throw new TemplateFailure('wrong type for value; expected an element of a query');
  return value;
};
const list = (value: TemplateValue | undefined): readonly TemplateValue[] => {
  if (!Array.isArray(value)) throw new TemplateFailure('wrong type for value; expected the answer of a query');
  return value as readonly TemplateValue[];
};
const pattern = (value: TemplateValue | undefined): RE2JS => {
  try {
    return RE2JS.compile(text(value));
  } catch (error) {
    throw error instanceof TemplateFailure
      ? error
      : new TemplateFailure(`error parsing regexp: ${(error as Error).message}`);
  }
};
const timeOf = (seconds: number): Date => {
  const time = new Date(seconds * 1000);
  if (Number.isNaN(time.getTime())) throw new TemplateFailure('value is NaN or Inf, or no time');
  return time;
};

/** Every function but `and` and `or`, which stop early and so belong to the evaluation. */
export const functions: Readonly<Record<string, TemplateFunction>> = {
  ...comparisons,
  not: ([value]) => !isTrue(value ?? null),
  len: ([value]) => {
    if (typeof value === 'string') return BigInt(Buffer.byteLength(value));
    if (value instanceof Map) return BigInt(value.size);
    return BigInt(list(value).length);
  },
  index: ([value, ...keys]) =>
    keys.reduce<TemplateValue>((found, key) => {
      if (found instanceof Map) return (found as ReadonlyMap<string, TemplateValue>).get(text(key)) ?? '';
      const item = list(found)[Number(key)];
      if (item === undefined) throw new TemplateFailure(`error calling index: index out of range: ${printValue(key)}`);
      return item;
    }, value ?? null),
  slice: ([value, from, to]) => {
    const range = [from === undefined ? 0 : Number(from), to === undefined ? undefined : Number(to)] as const;
    return typeof value === 'string' ? value.slice(...range) : list(value).slice(...range);
  },
  print: (args) => args.map(printValue).join(''),
  println: (args) => `${args.map(printValue).join(' ')}\n`,
  printf: ([format, ...args]) => formatWords(text(format), args),
  html: (args) =>
    args
      .map(printValue)
      .join('')
      .replaceAll(/[&<>"']/gu, (sign) => `&#${sign.codePointAt(0) ?? 0};`),
  js: (args) =>
    args
      .map(printValue)
      .join('')
      .replaceAll(/[\\'"<>&=\n\r]/gu, (sign) => `\\u${(sign.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`),
  urlquery: (args) => queryEscape(args.map(printValue).join('')),
  urlQueryEscape: ([value]) => queryEscape(text(value)),

  query: async ([expression], world) => world.query(text(expression)),
  first: ([value]) => {
    const [found] = list(value);
    if (found === undefined) throw new TemplateFailure('first() called on vector with no elements');
    return found;
  },
  label: ([name, value]) => sample(value).labels.get(text(name)) ?? '',
  value: ([value]) => sample(value).value,
  strvalue: ([value]) => sample(value).labels.get('__value__') ?? '',
  sortByLabel: ([name, value]) => {
    const label = text(name);
    return list(value).toSorted((a, b) => {
      const [ofA, ofB] = [sample(a).labels.get(label) ?? '', sample(b).labels.get(label) ?? ''];
      return ofA < ofB ? -1 : ofA > ofB ? 1 : 0;
    });
  },
  args: (args) => new Map(args.map((value, at) => [`arg${at}`, value])),

  reReplaceAll: ([expression, replacement, value]) => replaceAll(pattern(expression), text(replacement), text(value)),
  match: ([expression, value]) => pattern(expression).matcher(text(value)).find(),
  safeHtml: ([value]) => text(value),
  title: ([value]) =>
    text(value).replaceAll(
      /(^|[^\p{L}\p{N}'_])(\p{L})/gu,
      (_, before: string, letter: string) => before + letter.toUpperCase(),
    ),
  toUpper: ([value]) => text(value).toUpperCase(),
  toLower: ([value]) => text(value).toLowerCase(),
  graphLink: ([expression]) => `/graph?g0.expr=${queryEscape(text(expression))}&g0.tab=0`,
  tableLink: ([expression]) => `/graph?g0.expr=${queryEscape(text(expression))}&g0.tab=1`,
  stripPort: ([value]) => splitPort(text(value)).host,
  stripDomain: ([value]) => {
    const { host, port } = splitPort(text(value));
    if (/^[\d.]+$/u.test(host) || host.includes(':')) return text(value);
    const [name = ''] = host.split('.');
    return port === '' ? name : `${name}:${port}`;
  },
  humanize: ([value]) => humanize(number(value)),
  humanize1024: ([value]) => humanize1024(number(value)),
  humanizeDuration: ([value]) => humanizeDuration(number(value)),
  humanizePercentage: ([value]) => humanizePercentage(number(value)),
  humanizeTimestamp: ([value]) => {
    const seconds = number(value);
    return Number.isFinite(seconds) ? printTime(timeOf(seconds)) : general(seconds, 4);
  },
  toTime: ([value]) => timeOf(number(value)),
  toDuration: ([value]) => new TemplateDuration(number(value)),
  now: (_, { atMs }) => atMs / 1000,
  parseDuration: ([value]) => {
    const given = text(value);
    const ms = parsePrometheusDuration(given.replace(/^-/u, ''));
    if (ms === undefined) throw new TemplateFailure(`not a valid duration string: "${given}"`);
    return (given.startsWith('-') ? -ms : ms) / 1000;
  },
  externalURL: (_, { externalUrl }) => externalUrl,
  pathPrefix: (_, { externalUrl }) => URL.parse(externalUrl)?.pathname.replace(/\/$/u, '') ?? '',
};

function queryEscape(value: string): string {
  return encodeURIComponent(value.toWellFormed())
    .replaceAll('%20', '+')
    .replaceAll(/[!'()*]/gu, (sign) => `%${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase()}`);
}

function splitPort(value: string): { readonly host: string; readonly port: string } {
  const found = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/u.exec(value);
  return found === null ? { host: value, port: '' } : { host: found[1] ?? found[2] ?? '', port: found[3] ?? '' };
}

/** Go's `ReplaceAllString`: `$1`, `${1}` and `${name}` stand for groups. */
function replaceAll(expression: RE2JS, replacement: string, value: string): string {
  const matcher = expression.matcher(value);
  let result = '';
  let at = 0;
  while (matcher.find()) {
    const group = (name: string): string => {
      try {
        return matcher.group(/^\d+$/u.test(name) ? Number(name) : name) ?? '';
      } catch {
        // A group that the expression does not have is empty, as in Go.
        return '';
      }
    };
    result += value.slice(at, matcher.start());
    result += replacement.replaceAll(/\$(?:\$|\{(\w+)\}|(\w+))/gu, (_, braced?: string, bare?: string) => {
      const name = braced ?? bare;
      return name === undefined ? '$' : group(name);
    });
    at = matcher.end();
  }
  return result + value.slice(at);
}
