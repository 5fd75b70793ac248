/** The lane of everything that an envelope holds, but logs. */
export const sentryLane = 'sentry-envelope';
