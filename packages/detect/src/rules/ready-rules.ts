import type { RuleValues } from '@sightline/control';
import { counterNames } from '@sightline/query';

const secondMs = 1000;
const minuteMs = 60_000;

type ReadyRule = RuleValues & { readonly ready: string };
type Given = Pick<ReadyRule, 'ready' | 'name' | 'description' | 'settings' | 'severity'> &
  Partial<Pick<ReadyRule, 'type' | 'everyMs' | 'forMs' | 'enabled'>>;

const rule = (given: Given): ReadyRule => ({
  type: 'threshold',
  enabled: true,
  policy: '',
  runbook: '',
  labels: {},
  everyMs: 30 * secondMs,
  forMs: 0,
  ...given,
});

const failedPayments = {
  kind: 'metric',
  metrics: [...counterNames.payments],
  where: { outcome: 'failure' },
  aggregate: 'share',
} as const;

/**
 * What every organisation is watched for from its first day; each rule is theirs to change or switch off. Windows are long enough for a
 * quiet store, intervals short enough to be told within a minute.
 */
export const readyRules: readonly ReadyRule[] = [
  rule({
    ready: 'critical-error',
    name: 'Critical error',
    description: 'A program reported a fatal error.',
    severity: 'critical',
    everyMs: 15 * secondMs,
    settings: {
      source: { kind: 'records', table: 'logs', query: 'severity:>=fatal', measure: 'count' },
      windowMs: 5 * minuteMs,
      operator: '>',
      threshold: 0,
      by: ['site', 'service'],
    },
  }),
  rule({
    ready: 'error-rate',
    name: 'More than 10 errors a minute',
    description: 'Error lines come at more than ten a minute.',
    severity: 'high',
    settings: {
      source: { kind: 'records', table: 'logs', query: 'severity:>=error', measure: 'rate' },
      windowMs: 3 * minuteMs,
      operator: '>',
      threshold: 10,
      by: ['site'],
    },
  }),
  rule({
    ready: 'site-silent',
    name: 'Nothing heard for 10 minutes',
    description: 'No signal of any kind comes from a store that is usually heard.',
    severity: 'critical',
    type: 'absence',
    settings: { table: 'any', query: '', by: ['site'], silentMs: 10 * minuteMs, lookbackMs: 24 * 60 * minuteMs },
  }),
  rule({
    ready: 'api-down',
    name: 'API down',
    description: 'More than half of the requests end in a server error (5xx).',
    severity: 'critical',
    everyMs: 15 * secondMs,
    settings: {
      source: {
        kind: 'records',
        table: 'spans',
        query: 'kind:server status:>=500',
        measure: 'share',
        of: 'kind:server status:>=100',
      },
      windowMs: 5 * minuteMs,
      operator: '>',
      threshold: 50,
      by: ['site', 'service'],
      // Three of five requests are a failing checkout, not an API that is down.
      leastSample: 10,
      leastHits: 8,
    },
  }),
  rule({
    ready: 'server-errors',
    name: 'Server errors above 5 %',
    description: 'More than one request in twenty ends in a server error (5xx).',
    severity: 'high',
    forMs: minuteMs,
    settings: {
      source: {
        kind: 'records',
        table: 'spans',
        query: 'kind:server status:>=500',
        measure: 'share',
        of: 'kind:server status:>=100',
      },
      windowMs: 10 * minuteMs,
      operator: '>',
      threshold: 5,
      by: ['site', 'service'],
      leastSample: 20,
      leastHits: 3,
    },
  }),
  rule({
    ready: 'payment-failures',
    name: 'Payment failures',
    description: 'More than one payment in ten fails at a store.',
    severity: 'critical',
    everyMs: 10 * secondMs,
    settings: {
      source: failedPayments,
      // Of a window of three minutes an outage is a tenth after twenty seconds.
      windowMs: 3 * minuteMs,
      operator: '>',
      threshold: 10,
      by: ['site'],
      leastSample: 5,
      leastHits: 3,
    },
  }),
  rule({
    ready: 'payment-failures-quiet',
    name: 'Payment failures over 20 minutes',
    description: 'More than one payment in ten fails at a store that sells too little to be judged by the minute.',
    severity: 'high',
    // An outage of a processor is told at once, over all stores; what is left here is trouble of the store, and it stays.
    forMs: 10 * minuteMs,
    settings: {
      source: failedPayments,
      windowMs: 20 * minuteMs,
      operator: '>',
      threshold: 10,
      by: ['site'],
      leastSample: 5,
      // Three declined cards in twenty minutes are chance somewhere in a hundred stores.
      leastHits: 4,
    },
  }),
  rule({
    ready: 'payment-processor',
    name: 'Payment processor failing',
    description:
      'More than one payment in ten fails with one processor, over all stores: a quiet store alone would tell it late.',
    severity: 'critical',
    everyMs: 10 * secondMs,
    settings: {
      source: failedPayments,
      windowMs: 2 * minuteMs,
      operator: '>',
      threshold: 10,
      by: ['processor'],
      leastSample: 5,
      leastHits: 4,
    },
  }),
  rule({
    ready: 'slow-requests',
    name: 'Slow: p95 above 2 s',
    description: 'One request in twenty takes longer than two seconds.',
    severity: 'medium',
    // Payments that time out are slow as well: whoever fails is told first.
    forMs: 5 * minuteMs,
    settings: {
      source: {
        kind: 'records',
        table: 'spans',
        query: 'kind:server',
        measure: 'percentile',
        field: 'duration',
        percentile: 95,
      },
      windowMs: 10 * minuteMs,
      operator: '>',
      threshold: 2000,
      by: ['site'],
      leastSample: 20,
    },
  }),
  rule({
    ready: 'cpu-high',
    name: 'CPU above 80 %',
    description: 'A machine of the store is busy beyond what it can sustain.',
    severity: 'medium',
    forMs: 5 * minuteMs,
    settings: {
      source: { kind: 'vital', vital: 'cpu' },
      windowMs: 5 * minuteMs,
      operator: '>',
      threshold: 80,
      by: ['site'],
    },
  }),
  rule({
    ready: 'disk-full',
    name: 'Disk nearly full',
    description: 'Less than ten percent of a disk is free.',
    severity: 'high',
    forMs: minuteMs,
    settings: {
      source: { kind: 'vital', vital: 'disk' },
      windowMs: 5 * minuteMs,
      operator: '>',
      threshold: 90,
      by: ['site'],
    },
  }),
  rule({
    ready: 'queue-long',
    name: 'Queue above 100',
    description: 'Work waits in a queue that is not emptied.',
    severity: 'medium',
    forMs: 2 * minuteMs,
    settings: {
      source: { kind: 'vital', vital: 'queue' },
      windowMs: 5 * minuteMs,
      operator: '>',
      threshold: 100,
      by: ['site'],
    },
  }),
  // Kept off until somebody wants them: a first day with many errors would be a first day with many incidents.
  rule({
    ready: 'new-issue',
    name: 'New error',
    description: 'An error that was never seen before came at least five times.',
    severity: 'medium',
    type: 'issues',
    enabled: false,
    everyMs: minuteMs,
    settings: { what: 'new', query: '', windowMs: 30 * minuteMs, least: 5, times: 5 },
  }),
  rule({
    ready: 'issue-regressed',
    name: 'Error that was resolved came back',
    description: 'An issue that somebody resolved is seen again.',
    severity: 'medium',
    type: 'issues',
    enabled: false,
    everyMs: minuteMs,
    settings: { what: 'regressed', query: '', windowMs: 60 * minuteMs, least: 1, times: 5 },
  }),
  rule({
    ready: 'issue-spiking',
    name: 'Error far more often than usual',
    description: 'An open issue has ten times its usual events.',
    severity: 'high',
    type: 'issues',
    enabled: false,
    everyMs: minuteMs,
    settings: { what: 'spiking', query: '', windowMs: 10 * minuteMs, least: 50, times: 10 },
  }),
  rule({
    ready: 'new-pattern',
    name: 'New kind of warning or error in logs',
    description: 'A log line of level warn or above has a form that was not seen for a week.',
    severity: 'low',
    type: 'new-pattern',
    enabled: false,
    everyMs: minuteMs,
    settings: { query: '', level: 'warn', windowMs: 10 * minuteMs, least: 3, days: 7 },
  }),
  rule({
    ready: 'new-feedback',
    name: 'New feedback',
    description: 'Somebody wrote through a feedback form, and nobody has dealt with it yet.',
    severity: 'low',
    type: 'feedback',
    enabled: false,
    settings: { words: '', where: {}, windowMs: 60 * minuteMs },
  }),
];
