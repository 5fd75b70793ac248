import { ElasticFault } from './fault.ts';

/** A script over the numbers of one bucket: what is neither a number nor true or false cannot come out. */
export type BucketScript = (values: Readonly<Record<string, number>>) => number | boolean;

const longest = 2000;
const deepest = 50;

const scriptFault = (reason: string): ElasticFault => new ElasticFault('script_exception', reason);

const functions: Readonly<Record<string, { readonly takes: number; readonly of: (...values: number[]) => number }>> = {
  abs: { takes: 1, of: Math.abs },
  ceil: { takes: 1, of: Math.ceil },
  exp: { takes: 1, of: Math.exp },
  floor: { takes: 1, of: Math.floor },
  log: { takes: 1, of: Math.log },
  ln: { takes: 1, of: Math.log },
  log10: { takes: 1, of: Math.log10 },
  max: { takes: 2, of: Math.max },
  min: { takes: 2, of: Math.min },
  pow: { takes: 2, of: Math.pow },
  round: { takes: 1, of: Math.round },
  sqrt: { takes: 1, of: Math.sqrt },
};

/** Binary operators by how tightly they bind, loosest first. */
const levels: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!='],
  ['<=', '>=', '<', '>'],
  ['+', '-'],
  ['*', '/', '%'],
];

const apply: Readonly<Record<string, (left: number, right: number) => number | boolean>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<=': (left, right) => left <= right,
  '>=': (left, right) => left >= right,
  '<': (left, right) => left < right,
  '>': (left, right) => left > right,
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
};

const token =
  /\s*(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[LlFfDd]?|(?:params\.)?[A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)*|\|\||&&|[=!<>]=|[-+*/%()<>!?:,;])/y;

function tokensOf(text: string): string[] {
  const found: string[] = [];
  token.lastIndex = 0;
  const whole = text.trimEnd();
  while (token.lastIndex < whole.length) {
    const at = token.lastIndex;
    const match = token.exec(whole);
    if (!match) throw scriptFault(`cannot read the script at [${whole.slice(at, at + 20).trim()}]`);
    found.push(match[1] ?? '');
  }
  return found;
}

/**
 * Reads the arithmetic of Painless and of Lucene expressions that bucket scripts are written in: numbers, `params.name` or bare
 * names, `+ - * / %`, comparisons, `&& || !`, `a ? b : c`, `Math.` functions, a leading `return`. `known` are the names that have
 * values. Throws `ElasticFault` that says what it could not read.
 */
export function readBucketScript(text: string, known: ReadonlySet<string>): BucketScript {
  if (text.length > longest) throw scriptFault(`a script has at most ${longest} characters, this one ${text.length}`);
  const tokens = tokensOf(text);
  if (tokens[0] === 'return') tokens.shift();
  if (tokens.at(-1) === ';') tokens.pop();
  let at = 0;
  let depth = 0;
  const expect = (wanted: string): void => {
    if (tokens[at] !== wanted) throw scriptFault(`expected [${wanted}] but found [${tokens[at] ?? 'the end'}]`);
    at++;
  };

  function choice(): BucketScript {
    if (++depth > deepest) throw scriptFault('the script is nested too deeply');
    const test = binary(0);
    let read = test;
    if (tokens[at] === '?') {
      at++;
      const yes = choice();
      expect(':');
      const no = choice();
      read = (values) => (test(values) ? yes(values) : no(values));
    }
    depth--;
    return read;
  }

  function binary(level: number): BucketScript {
    const operators = levels[level];
    if (!operators) return unary();
    let left = binary(level + 1);
    for (let found = tokens[at]; found !== undefined && operators.includes(found); found = tokens[at]) {
      at++;
      const [before, operator] = [left, found];
      const right = binary(level + 1);
      if (operator === '&&') left = (values) => Boolean(before(values)) && Boolean(right(values));
      else if (operator === '||') left = (values) => Boolean(before(values)) || Boolean(right(values));
      else left = (values) => apply[operator]!(Number(before(values)), Number(right(values)));
    }
    return left;
  }

  function unary(): BucketScript {
    const found = tokens[at] ?? '';
    if (found === '-' || found === '!' || found === '+') {
      at++;
      if (++depth > deepest) throw scriptFault('the script is nested too deeply');
      const of = unary();
      depth--;
      return found === '!' ? (values) => !of(values) : (values) => (found === '-' ? -1 : 1) * Number(of(values));
    }
    at++;
    if (found === '(') {
      const inner = choice();
      expect(')');
      return inner;
    }
    if (/^\d/.test(found)) {
      const number = Number(found.replace(/[LlFfDd]$/, ''));
      return () => number;
    }
    if (found === 'true' || found === 'false') return () => found === 'true';
    if (tokens[at] === '(') return call(found);
    const name = found.replace(/^params\./, '');
    if (!known.has(name))
      throw scriptFault(found === '' ? 'the script ends too soon' : `cannot resolve symbol [${found}]`);
    return (values) => values[name] ?? Number.NaN;
  }

  function call(name: string): BucketScript {
    const called = name.replace(/^Math\./, '');
    const known = Object.hasOwn(functions, called) ? functions[called] : undefined;
    if (!known) throw scriptFault(`unknown function [${name}]`);
    expect('(');
    const given: BucketScript[] = [];
    while (tokens[at] !== ')') {
      if (given.length > 0) expect(',');
      given.push(choice());
    }
    expect(')');
    if (given.length !== known.takes)
      throw scriptFault(
        `[${name}] takes ${known.takes} ${known.takes === 1 ? 'value' : 'values'}, not ${given.length}`,
      );
    return (values) => known.of(...given.map((one) => Number(one(values))));
  }

  const script = choice();
  if (at < tokens.length) throw scriptFault(`unexpected [${tokens[at]}]`);
  return script;
}
