import type { Matcher } from '@sightline/query/promql';

const whole = /^\s*([a-zA-Z_:][\w:]*)?\s*(?:\{(.*)\})?\s*$/s;
const one =
  /\s*(?:([a-zA-Z_]\w*)|"((?:[^"\\]|\\.)*)")\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*(?:,|$)/sy;

/** The matchers of a series selector, `up{job="x"}`; undefined where the text is none. */
export function readSelector(text: string): Matcher[] | undefined {
  const found = whole.exec(text);
  if (!found || (found[1] === undefined && found[2] === undefined)) return undefined;
  const matchers: Matcher[] = found[1] === undefined ? [] : [{ label: '__name__', operator: '=', value: found[1] }];
  const inner = found[2] ?? '';
  one.lastIndex = 0;
  while (one.lastIndex < inner.length) {
    const next = one.exec(inner);
    if (!next) return undefined;
    const [, plain, quoted, operator, double, single] = next;
    matchers.push({
      label: plain ?? unescape(quoted ?? ''),
      operator: operator as Matcher['operator'],
      value: unescape(double ?? single ?? ''),
    });
  }
  return matchers;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
const unescape = (text: string): string => text.replaceAll(/\\(.)/gs, (_, sign: string) => escapes[sign] ?? sign);
