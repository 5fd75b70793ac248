import { fail, ok, type Result } from '@sightline/base';

/** A step into JSON: a name or a place in a list. */
export type JsonStep = string | number;

const step = /^(?:\.?([A-Za-z_$@][\w$@-]*)|\.(\d+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\['((?:[^'\\]|\\.)*)'\])/;
const mostSteps = 50;

/** Reads `$.status`, `checks[0].name`, `$["a b"].c`: names and places, no wildcards. '' and `$` are the whole. */
export function parseJsonPath(text: string): Result<readonly JsonStep[], string> {
  let rest = text.trim().replace(/^\$(?=$|[.[])/, '');
  const steps: JsonStep[] = [];
  while (rest !== '') {
    const found = step.exec(rest);
    if (!found || steps.length >= mostSteps) return fail(`cannot be read at "${rest.slice(0, 20)}"`);
    const [all, name, dotted, place, double, single] = found;
    if (name !== undefined) steps.push(name);
    else if (dotted !== undefined || place !== undefined) steps.push(Number(dotted ?? place));
    else steps.push((double ?? single ?? '').replaceAll(/\\(.)/g, '$1'));
    rest = rest.slice(all.length);
    if (rest !== '' && !/^[.[]/.test(rest)) return fail(`cannot be read at "${rest.slice(0, 20)}"`);
  }
  return ok(steps);
}

/** What stands there; undefined where nothing does. */
export function readJsonPath(value: unknown, steps: readonly JsonStep[]): unknown {
  let here = value;
  for (const one of steps) {
    if (typeof here !== 'object' || here === null) return undefined;
    if (!Object.hasOwn(here, one)) return undefined;
    here = (here as Record<JsonStep, unknown>)[one];
  }
  return here;
}

/** Text as it is, all else as JSON: what people compare with. */
export function jsonText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
