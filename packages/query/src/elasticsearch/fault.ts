/** A request that cannot be answered, in Elasticsearch's form. Thrown by readers here; the door turns it into a value. */
export class ElasticFault extends Error {
  readonly type: string;
  readonly status: number;
  constructor(type: string, reason: string, status = 400) {
    super(reason);
    this.type = type;
    this.status = status;
  }
}

export const parsing = (reason: string): ElasticFault => new ElasticFault('parsing_exception', reason);
export const illegal = (reason: string): ElasticFault => new ElasticFault('illegal_argument_exception', reason);

export type Json = Readonly<Record<string, unknown>>;
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object where one is needed. */
export function objectOf(value: unknown, what: string): Json {
  if (isObject(value)) return value;
  throw parsing(`[${what}] malformed, expected an object`);
}

/** The text of a scalar. */
export function textOf(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw parsing(`[${what}] expected a text, a number or true or false`);
}

/** The one member of an object whose name says which kind it is. */
export function onlyMember(value: unknown, what: string): [string, unknown] {
  const members = Object.entries(objectOf(value, what));
  const [first, ...rest] = members;
  if (!first) throw parsing(`[${what}] query malformed, empty clause found`);
  if (rest.length > 0) throw parsing(`[${what}] malformed query, expected [END_OBJECT] but found [FIELD_NAME]`);
  return first;
}
