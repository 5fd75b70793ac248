import { fail, ok, type Result } from '@sightline/base';
import { builtInClasses, defaultClass, type RetentionClass } from '@sightline/record';
import type { ParameterValue } from '@sightline/store/port';
import type { Search, SearchError } from '../search/ast.ts';
import { compile } from '../search/compile.ts';
import { storedClass } from '../search/fields.ts';
import { parseSearch } from '../search/parse.ts';

/** The class of a log as an expression over the columns of `logs`; no byte of a name or query stands in `sql`. */
export interface ClassExpression {
  readonly sql: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}

/** A fault of one class's query. */
export interface ClassFault extends SearchError {
  readonly name: string;
}

/** True where these classes take the same records as the built-in ones, which the table's own default knows. */
export function isBuiltIn(classes: readonly Pick<RetentionClass, 'name' | 'query'>[]): boolean {
  return (
    classes.length === builtInClasses.length &&
    classes.every(({ name, query }, i) => name === builtInClasses[i]?.name && query === builtInClasses[i]?.query)
  );
}

/**
 * Which class takes a record: the one that it names itself (`retention.class`, of the record before the resource's) where there is
 * such a class, else the first whose query does, else the default. Fails on a query that cannot be read, or that asks for the class.
 */
export function classExpression(
  classes: readonly Pick<RetentionClass, 'name' | 'query'>[],
  prefix: string,
): Result<ClassExpression, ClassFault> {
  const names = `{${prefix}names:Array(String)}`;
  const parameters: Record<string, ParameterValue> = { [`${prefix}names`]: classes.map(({ name }) => name) };
  const said = ['attrs', 'res'].map((map) => `${map}['${storedClass}']`);
  const branches = said.map((own) => `has(${names}, ${own}), ${own}`);
  for (const [i, { name, query }] of classes.entries()) {
    const condition = classCondition(name, query, `${prefix}c${i}q`);
    if (!condition.ok) return condition;
    Object.assign(parameters, condition.value.parameters, { [`${prefix}c${i}`]: name });
    branches.push(`${condition.value.sql}, {${prefix}c${i}:String}`);
  }
  return ok({ sql: `multiIf(${branches.join(', ')}, '${defaultClass}')`, parameters });
}

/**
 * As `classExpression`, for records of several organisations: `own` are those with classes of their own, all others have the built-in
 * ones. A query that cannot be read takes nothing: `told` hears of it.
 */
export function classExpressionOf(
  own: readonly { readonly organisation: string; readonly classes: readonly RetentionClass[] }[],
  told: (organisation: string, fault: ClassFault) => void,
): ClassExpression {
  const parameters: Record<string, ParameterValue> = {};
  const branches = own.map(({ organisation, classes }, i) => {
    const readable = classes.filter(({ name, query }) => {
      const read = classCondition(name, query, 'x');
      if (!read.ok) told(organisation, read.error);
      return read.ok;
    });
    const expression = classExpression(readable, `class_o${i}`);
    if (!expression.ok) throw new Error(expression.error.message);
    Object.assign(parameters, expression.value.parameters, { [`class_o${i}`]: organisation });
    return `organisation = {class_o${i}:String}, ${expression.value.sql}`;
  });
  const builtIn = classExpression(builtInClasses, 'class_');
  if (!builtIn.ok) throw new Error(builtIn.error.message);
  return {
    sql: `multiIf(${[...branches, builtIn.value.sql].join(', ')})`,
    parameters: { ...parameters, ...builtIn.value.parameters },
  };
}

/** The query of one class as a condition over `logs`. */
export function classCondition(name: string, query: string, prefix: string): Result<ClassExpression, ClassFault> {
  const parsed = parseSearch(query);
  if (!parsed.ok) return fail({ name, ...parsed.error });
  const circle = asksClass(parsed.value);
  if (circle)
    return fail({
      name,
      message: `expected another field: ${storedClass} is what the classes decide`,
      position: circle.at,
    });
  const compiled = compile('logs', parsed.value, prefix);
  if (!compiled.ok) return fail({ name, ...compiled.error });
  return ok({ sql: `(${compiled.value.sql})`, parameters: compiled.value.parameters });
}

function asksClass(search: Search): Extract<Search, { kind: 'field' }> | undefined {
  switch (search.kind) {
    case 'and':
    case 'or':
      return search.items.map(asksClass).find((found) => found !== undefined);
    case 'not':
      return asksClass(search.item);
    case 'field':
      return search.field.toLowerCase() === storedClass ? search : undefined;
    default:
      return undefined;
  }
}
