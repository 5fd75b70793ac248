import { compileMatcher, type Matcher, parseSelector, readDuration } from '@sightline/query/promql';
import { ApiFault, badData, invalidParameter } from './fault.ts';

/** A time on the wire may be anything that 64 bits of milliseconds hold; ours end where JavaScript's dates do. */
const furthestMs = 8.64e15;
const goFloat = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const rfc3339 = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})$/;
/** Prometheus' own bounds, which clients send back and no parser of four-digit years takes. */
const boundTimes: Readonly<Record<string, number>> = {
  '-292273086-05-16T16:47:06Z': -furthestMs,
  '292277025-08-18T07:12:54.999999999Z': furthestMs,
};

/** Fields of the query and of a form body; the body's come first, as in Go's `Request.Form`. */
export class Form {
  private readonly body: URLSearchParams;
  private readonly query: URLSearchParams;

  constructor(query: string, body: string) {
    this.query = new URLSearchParams(query);
    this.body = new URLSearchParams(body);
  }

  /** '' where it is missing. */
  get(name: string): string {
    return this.body.get(name) ?? this.query.get(name) ?? '';
  }

  all(name: string): string[] {
    return [...this.body.getAll(name), ...this.query.getAll(name)];
  }
}

/** Milliseconds since the epoch of `1435781430.781` or RFC 3339. */
export function readTime(text: string): number | ApiFault {
  if (goFloat.test(text)) {
    const seconds = Number(text);
    const whole = Math.trunc(seconds);
    const ms = whole * 1000 + Math.round((seconds - whole) * 1000);
    return Math.max(-furthestMs, Math.min(furthestMs, ms));
  }
  const bound = boundTimes[text];
  if (bound !== undefined) return bound;
  const ms = rfc3339.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? badData(`cannot parse ${JSON.stringify(text)} to a valid timestamp`) : ms;
}

/** Milliseconds, with fractions, of `30`, `1.5` (seconds) or `1h30m`. */
export function readSpan(text: string): number | ApiFault {
  if (goFloat.test(text)) {
    const ms = Number(text) * 1000;
    if (Math.abs(ms) <= (2 ** 63 - 1) / 1e6) return ms;
    return badData(`cannot parse ${JSON.stringify(text)} to a valid duration. It overflows int64`);
  }
  const ms = readDuration(text);
  return typeof ms === 'number' ? ms : badData(`cannot parse ${JSON.stringify(text)} to a valid duration`);
}

/** A time that must be there. */
export function timeOf(form: Form, name: string): number | ApiFault {
  return named(name, readTime(form.get(name)));
}

/** A time with a default. */
export function timeOr(form: Form, name: string, missing: number): number | ApiFault {
  if (form.get(name) === '') return missing;
  const time = readTime(form.get(name));
  return time instanceof ApiFault ? invalidParameter(name, `invalid time value for '${name}': ${time.message}`) : time;
}

/** A duration that must be there. */
export function spanOf(form: Form, name: string): number | ApiFault {
  return named(name, readSpan(form.get(name)));
}

function named(name: string, value: number | ApiFault): number | ApiFault {
  return value instanceof ApiFault ? invalidParameter(name, value.message) : value;
}

/** `limit`; 0 is none. */
export function limitOf(form: Form): number | ApiFault {
  const text = form.get('limit');
  if (text === '') return 0;
  if (!/^[+-]?[0-9]{1,15}$/.test(text)) {
    return invalidParameter('limit', `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const limit = Number(text);
  return limit < 0 ? invalidParameter('limit', 'limit must be non-negative') : limit;
}

/** Counts of the metadata calls: -1 where it is missing. */
export function countOf(form: Form, name: string): number | ApiFault {
  const text = form.get(name);
  if (text === '') return -1;
  return /^[+-]?[0-9]{1,15}$/.test(text) ? Number(text) : badData(`${name} must be a number`);
}

const selectorLimit = 1000;

/** The selectors of `match[]`, each with a matcher that the empty text does not fit. */
export function selectorsOf(form: Form): (readonly Matcher[])[] | ApiFault {
  const selectors: (readonly Matcher[])[] = [];
  const texts = form.all('match[]');
  if (texts.length > selectorLimit) return badData(`more than ${selectorLimit} match[] parameters`);
  for (const text of texts) {
    const selector = parseSelector(text);
    if (!selector.ok) return badData(selector.error.message);
    selectors.push(selector.value);
  }
  const empty = selectors.find((matchers) => matchers.every((matcher) => compileMatcher(matcher)('')));
  return empty ? badData('match[] must contain at least one non-empty matcher') : selectors;
}

/** A label's name as Prometheus escapes it for paths (`U__my_2e_label`), or the text itself where it is no such escape. */
export function unescapeLabel(name: string): string {
  if (!name.startsWith('U__')) return name;
  let valid = true;
  const label = name.slice(3).replaceAll(/_(?:_|([0-9a-fA-F]{1,5}|10[0-9a-fA-F]{4})_|)/g, (whole, hex?: string) => {
    if (whole === '__') return '_';
    const code = hex === undefined ? 0xd800 : Number.parseInt(hex, 16);
    if (code >= 0xd800 && code < 0xe000) valid = false;
    return valid ? String.fromCodePoint(code) : '';
  });
  return valid ? label : name;
}
