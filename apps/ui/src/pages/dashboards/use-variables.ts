import {
  builtInVariables,
  fillVariables,
  labelValues,
  queryMetrics,
  scopes,
  type DashboardVariable,
  type VariableValues,
} from '@sightline/contract';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { seriesText } from '../../promql/series-names.ts';
import { useAddress, type Search } from '../../data/address.ts';
import { call, type ProblemError } from '../../data/call.ts';
import { useScope, type Scope, type ScopeQuery } from '../../data/scope.ts';
import { readShape } from './option-shape.ts';
import {
  addressKey,
  chosenOf,
  shapeOptions,
  valueOf,
  writeChosen,
  type Choice,
  type Option,
} from './variable-address.ts';

/** Options change slowly: ranges that differ by less are the same question. */
const sameMs = 300_000;
const optionsAtMost = 5000;

/**
 * The variables of a dashboard with their options and what is chosen. One may stand in the query of a later one, so they are
 * resolved in order; one that cannot be read says why, and costs no other. Undefined until all were asked.
 */
export function useVariables(variables: readonly DashboardVariable[]): {
  readonly choices: readonly Choice[] | undefined;
  readonly choose: (variable: DashboardVariable, values: readonly string[]) => void;
} {
  const { search, setSearch } = useAddress();
  const { scope, query } = useScope();
  const from = Math.floor(query.from / sameMs) * sameMs;
  const to = Math.ceil(query.to / sameMs) * sameMs;
  const { environment, site, service } = query;
  const asked = Object.fromEntries(
    variables
      .map(({ name }) => [addressKey(name), search[addressKey(name)]])
      .filter(([, value]) => value !== undefined),
  ) as Search;
  const found = useQuery({
    queryKey: ['variables', variables, asked, from, to, environment, site, service],
    queryFn: ({ signal }) => resolve(variables, asked, scope, { from, to, environment, site, service }, signal),
    enabled: variables.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
  const choose = useCallback(
    (variable: DashboardVariable, values: readonly string[]) => {
      const key = addressKey(variable.name);
      const text = variable.type === 'text' ? (values[0] ?? '') : writeChosen(values);
      // What is chosen here is meant instead of the page's scope.
      const scoped = variable.type === 'site' || variable.type === 'service' ? { [variable.type]: '' } : {};
      setSearch({ ...scoped, [key]: text }, { push: true });
    },
    [setSearch],
  );
  return { choices: variables.length === 0 ? none : found.data, choose };
}

const none: readonly Choice[] = [];

async function resolve(
  variables: readonly DashboardVariable[],
  search: Search,
  scope: Scope,
  range: ScopeQuery,
  signal: AbortSignal,
): Promise<readonly Choice[]> {
  const choices: Choice[] = [];
  let values: VariableValues = builtInVariables(range.from, range.to, 60_000);
  for (const variable of variables) {
    const { options, fault } = await optionsOf(variable, values, range, signal);
    const chosen = chosenOf(variable, options, search, scope);
    choices.push({ variable, options, chosen, fault });
    values = { ...values, [variable.name]: valueOf({ variable, options, chosen }) };
  }
  return choices;
}

type Found = { readonly options: readonly Option[]; readonly fault: string };

async function optionsOf(
  variable: DashboardVariable,
  values: VariableValues,
  range: ScopeQuery,
  signal: AbortSignal,
): Promise<Found> {
  const plain = (texts: readonly string[]): Found => ({
    options: texts.map((text) => ({ text, value: text })),
    fault: '',
  });
  try {
    switch (variable.type) {
      case 'custom':
        return { options: variable.options, fault: '' };
      case 'interval':
        return plain(variable.options);
      case 'text':
        return plain([]);
      case 'site':
        return plain((await call(scopes, {}, signal)).sites);
      case 'service':
        return plain((await call(scopes, {}, signal)).services);
      case 'query': {
        const texts = await textsOf(variable, values, range, signal);
        const shape = await readShape(variable.regex);
        return shape.ok
          ? { options: shapeOptions(texts, shape.value, variable.sort), fault: '' }
          : { options: shapeOptions(texts, undefined, variable.sort), fault: shape.error };
      }
    }
  } catch (error) {
    if (signal.aborted) throw error;
    const { detail, message } = error as Partial<ProblemError>;
    return { options: [], fault: detail || message || 'not readable' };
  }
}

async function textsOf(
  variable: Extract<DashboardVariable, { type: 'query' }>,
  values: VariableValues,
  range: ScopeQuery,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (variable.of !== '') {
    const match = fillVariables(variable.match, values, 'promql');
    const found = await call(
      labelValues,
      { query: { ...range, label: fillVariables(variable.of, values, 'text'), match, limit: optionsAtMost } },
      signal,
    );
    return found.values;
  }
  if (variable.expression === '') return [];
  const expression = fillVariables(variable.expression, values, 'promql');
  const queries = [{ ref: 'A', expression, instant: true }];
  const { answers } = await call(queryMetrics, { body: { ...range, queries } }, signal);
  const [answer] = answers;
  if (answer?.fault) throw new Error(answer.fault.message);
  return (answer?.data?.series ?? []).map(({ labels, values: [value] }) => `${seriesText(labels)} ${value ?? 'NaN'}`);
}
