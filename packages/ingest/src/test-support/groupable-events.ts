import type { ErrorException, ErrorFrame } from '@sightline/record';
import type { Groupable, RuleFacts } from '../errors/grouping/groupable.ts';

/** A frame of the application, line 10. */
export const frame = (name: string, file: string, more: Partial<ErrorFrame> = {}): ErrorFrame => ({
  function: name,
  file,
  line: 10,
  column: 5,
  inApp: true,
  module: '',
  contextLine: '',
  preContext: [],
  postContext: [],
  debugId: '',
  ...more,
});

/** An exception with its frames, the innermost first. */
export const thrown = (type: string, value: string, ...frames: ErrorFrame[]): ErrorException => ({
  type,
  value,
  mechanism: '',
  handled: null,
  frames,
});

/** An event of these exceptions, the one thrown first. */
export const event = (exceptions: readonly ErrorException[], more: Partial<Groupable> = {}): Groupable => ({
  project: 1,
  exceptions,
  fingerprint: [],
  messageTemplate: '',
  type: exceptions[0]?.type ?? 'Message',
  culprit: '',
  transaction: '',
  level: 'error',
  ...more,
});

/** What rules may look at, of a till's browser. */
export const facts: RuleFacts = {
  message: '',
  logger: '',
  platform: 'javascript',
  release: '1.0.0',
  sdk: 'sentry.javascript.browser',
  site: 'STORE_047',
  service: 'till',
  environment: 'production',
  tags: { lane: '3' },
};
