import type { ApiDeps } from '../../route.ts';
import type { Asker } from './asker.ts';
import { ApiFault } from './fault.ts';
import type { QueryGate } from './gate.ts';
import type { Form } from './parameters.ts';
import type { Success } from './reply.ts';

/** One call of the API. */
export interface Call {
  readonly deps: ApiDeps;
  readonly asker: Asker;
  readonly form: Form;
  /** The part of the path that has a name, '' where there is none. */
  readonly name: string;
  /** Aborts when the client has gone away. */
  readonly signal: AbortSignal;
  readonly gate: QueryGate;
}

export type Answer = Success | ApiFault;

export interface PrometheusRoute {
  readonly methods: readonly ('GET' | 'POST')[];
  /** Below `/prometheus/api/v1`. */
  readonly path: string;
  readonly answer: (call: Call) => Promise<Answer> | Answer;
}

export const get = (path: string, answer: PrometheusRoute['answer']): PrometheusRoute => ({
  methods: ['GET'],
  path,
  answer,
});
export const getOrPost = (path: string, answer: PrometheusRoute['answer']): PrometheusRoute => ({
  methods: ['GET', 'POST'],
  path,
  answer,
});
