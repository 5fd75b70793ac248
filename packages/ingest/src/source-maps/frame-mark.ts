import type { ErrorFrame } from '@sightline/record';

/** What a symbolicated frame of a Sentry event carries beside Sentry's own fields. A symbol: no client can send it. */
export const frameMark: unique symbol = Symbol('what the source maps said of the frame');
export type FrameMark = Pick<ErrorFrame, 'minified' | 'unresolved'>;
