import { fail, ok, type Result } from '@sightline/base';
import type { ParameterValue } from '@sightline/store/port';
import type { Comparison, Search, SearchError, Span, Test, Value } from '../search/ast.ts';

/** A part of an issue search that is about issues as such, as a condition on the columns of the list. */
export interface IssueCondition {
  readonly sql: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}

/** An issue search, taken apart: conditions on issues, and what events are searched for. */
export interface IssueSearch {
  readonly conditions: readonly IssueCondition[];
  readonly events: Search;
  /** True where the search itself says which states are meant. */
  readonly asksState: boolean;
  /** True where the search asks for the column `money`. */
  readonly asksMoney: boolean;
}

/** Columns of the list that conditions are made on, as SQL. */
export interface IssueColumns {
  readonly status: string;
  readonly assignee: string;
  readonly priority: string;
  /** Start of the time range, milliseconds, as a bound parameter. */
  readonly fromMs: string;
}

/** Who searches, for `assigned:me` and `assigned:my_teams`. */
export interface Asker {
  /** E-mail address; '' for a search that nobody asks. */
  readonly me: string;
  /** Slugs of their teams. */
  readonly myTeams: readonly string[];
}

const numbers: Readonly<Record<string, string>> = {
  events: 'here',
  timesseen: 'here',
  users: 'users',
  sites: 'sites',
  money: 'money',
};
const states: Readonly<Record<string, string>> = {
  unresolved: 'unresolved',
  resolved: 'resolved',
  archived: 'ignored',
  ignored: 'ignored',
  regressed: 'regressed',
};
const issueFields: ReadonlySet<string> = new Set([
  'is',
  'assigned',
  'priority',
  'has',
  'firstrelease',
  ...Object.keys(numbers),
]);
const isIssueField = (name: string): boolean => issueFields.has(name.toLowerCase());

/**
 * Takes what is about issues out of a search: `is:unresolved`, `is:new`, `assigned:me`, `priority:high`, `events:>100`,
 * `firstRelease:1.4`, also negated and as alternatives of one another (`assigned:[me, my_teams]`). They stand beside the rest
 * (AND), never under OR with it. `has:` is `exists:`, `level:` is `severity:`.
 */
export function readIssueTerms(search: Search, columns: IssueColumns, asker: Asker): Result<IssueSearch, SearchError> {
  const reader = new TermReader(columns, asker);
  const items = search.kind === 'and' ? search.items : [search];
  const rest: Search[] = [];
  for (const item of items) {
    const taken = reader.take(item);
    if (!taken.ok) return taken;
    if (!taken.value) rest.push(eventTerms(item));
  }
  const stray = rest.map(strayTerm).find((at) => at !== undefined);
  if (stray)
    return fail({
      message: 'expected this beside the rest of the search (AND): it is about issues, not about events',
      position: stray,
    });
  const events: Search =
    rest.length === 0 ? { kind: 'everything' } : rest.length === 1 && rest[0] ? rest[0] : { kind: 'and', items: rest };
  return ok({ conditions: reader.conditions, events, asksState: reader.asksState, asksMoney: reader.asksMoney });
}

/** Whether a part of a search is about issues and nothing else. */
function isIssuePart(item: Search): boolean {
  if (item.kind === 'not') return isIssuePart(item.item);
  if (item.kind === 'or' || item.kind === 'and') return item.items.every(isIssuePart);
  return item.kind === 'field' && isIssueField(item.field) && !/^has$/i.test(item.field);
}

class TermReader {
  readonly conditions: IssueCondition[] = [];
  asksState = false;
  asksMoney = false;
  readonly #columns: IssueColumns;
  readonly #asker: Asker;
  #bound = 0;

  constructor(columns: IssueColumns, asker: Asker) {
    this.#columns = columns;
    this.#asker = asker;
  }

  /** True when the item was about issues and is taken. */
  take(item: Search): Result<boolean, SearchError> {
    if (!isIssuePart(item)) return ok(false);
    const condition = this.#condition(item);
    if (!condition.ok) return condition;
    this.conditions.push(condition.value);
    return ok(true);
  }

  #condition(item: Search): Result<IssueCondition, SearchError> {
    if (item.kind === 'not') {
      const inner = this.#condition(item.item);
      return inner.ok ? ok({ sql: `NOT ${inner.value.sql}`, parameters: inner.value.parameters }) : inner;
    }
    if (item.kind === 'or' || item.kind === 'and') {
      const parts: IssueCondition[] = [];
      for (const one of item.items) {
        const part = this.#condition(one);
        if (!part.ok) return part;
        parts.push(part.value);
      }
      return ok({
        sql: `(${parts.map(({ sql }) => sql).join(item.kind === 'or' ? ' OR ' : ' AND ')})`,
        parameters: Object.assign({}, ...parts.map(({ parameters }) => parameters)) as IssueCondition['parameters'],
      });
    }
    if (item.kind !== 'field') throw new Error('only parts about issues are read here');
    const name = item.field.toLowerCase();
    const number = numbers[name];
    if (name === 'money') this.asksMoney = true;
    const parameter = `t${this.#bound++}`;
    const condition =
      number === undefined
        ? this.#word(name, item.test, item.at, parameter)
        : compared(number, item.test, item.at, parameter);
    return condition.ok ? ok({ ...condition.value, sql: `(${condition.value.sql})` }) : condition;
  }

  #word(name: string, test: Test, at: Span, parameter: string): Result<IssueCondition, SearchError> {
    if (test.kind !== 'is') return fail({ message: `expected one word after \`${name}:\``, position: at });
    const { status, assignee, priority, fromMs } = this.#columns;
    const word = test.value.text.toLowerCase();
    const plain = (sql: string): Result<IssueCondition, SearchError> => ok({ sql, parameters: {} });
    if (name === 'is') {
      if (word === 'new') return plain(`firstSeenAt >= ${fromMs}`);
      if (word === 'assigned') return plain(`${assignee} != ''`);
      if (word === 'unassigned') return plain(`${assignee} = ''`);
      this.asksState = true;
      if (word === 'open') return plain(`${status} IN ('unresolved', 'regressed')`);
      const state = Object.hasOwn(states, word) ? states[word] : undefined;
      return state === undefined
        ? fail({
            message:
              'expected open, unresolved, regressed, resolved, archived, new, assigned or unassigned after `is:`',
            position: test.value.at,
          })
        : ok({ sql: `${status} = {${parameter}:String}`, parameters: { [parameter]: state } });
    }
    if (name === 'assigned') {
      if (word === 'none' || word === 'nobody') return plain(`${assignee} = ''`);
      const { me, myTeams } = this.#asker;
      const teams = myTeams.map((slug) => `#${slug}`);
      const wanted =
        word === 'me'
          ? [me.toLowerCase(), ...teams]
          : word === 'my_teams' || word === 'my-teams'
            ? teams
            : [word.replace(/^team:/, '#')];
      // Nobody is no person: an issue without an assignee is never somebody's.
      return ok({
        sql: `has({${parameter}:Array(String)}, lower(${assignee}))`,
        parameters: { [parameter]: wanted.filter((one) => one !== '') },
      });
    }
    if (name === 'priority') {
      return ['low', 'medium', 'high'].includes(word)
        ? ok({ sql: `${priority} = {${parameter}:String}`, parameters: { [parameter]: word } })
        : fail({ message: 'expected low, medium or high after `priority:`', position: test.value.at });
    }
    return ok({ sql: `firstRelease = {${parameter}:String}`, parameters: { [parameter]: test.value.text } });
  }
}

function compared(column: string, test: Test, at: Span, parameter: string): Result<IssueCondition, SearchError> {
  const numberOf = (value: Value): number | undefined =>
    /^-?\d{1,15}(?:\.\d+)?$/.test(value.text) ? Number(value.text) : undefined;
  const one = (operator: Comparison | '=', value: Value): Result<IssueCondition, SearchError> => {
    const number = numberOf(value);
    return number === undefined
      ? fail({ message: 'expected a number', position: value.at })
      : ok({ sql: `toFloat64(${column}) ${operator} {${parameter}:Float64}`, parameters: { [parameter]: number } });
  };
  if (test.kind === 'compare') return one(test.comparison, test.value);
  if (test.kind === 'is') return one('=', test.value);
  if (test.kind === 'range') {
    const [low, high] = [numberOf(test.low), numberOf(test.high)];
    if (low === undefined || high === undefined) return fail({ message: 'expected two numbers', position: at });
    return ok({
      sql: `toFloat64(${column}) BETWEEN {${parameter}:Float64} AND {${parameter}b:Float64}`,
      parameters: { [parameter]: low, [`${parameter}b`]: high },
    });
  }
  return fail({ message: 'expected a number', position: at });
}

/** A search over events as the search language has it: `has:x` as `exists:x`, `level:` as `severity:`. */
export function eventTerms(search: Search): Search {
  switch (search.kind) {
    case 'and':
    case 'or':
      return { kind: search.kind, items: search.items.map(eventTerms) };
    case 'not':
      return { kind: 'not', item: eventTerms(search.item) };
    case 'field': {
      const name = search.field.toLowerCase();
      if (name === 'level') return { ...search, field: 'severity' };
      if (name === 'has' && search.test.kind === 'is')
        return { kind: 'field', field: search.test.value.text, at: search.at, test: { kind: 'exists' } };
      return search;
    }
    default:
      return search;
  }
}

function strayTerm(search: Search): Span | undefined {
  switch (search.kind) {
    case 'and':
    case 'or':
      return search.items.map(strayTerm).find((at) => at !== undefined);
    case 'not':
      return strayTerm(search.item);
    case 'field':
      return isIssueField(search.field) && search.field.toLowerCase() !== 'has' ? search.at : undefined;
    default:
      return undefined;
  }
}
