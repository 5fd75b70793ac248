/**
 * What PostgreSQL or the pool of connections says when no connection is to be had. SQLSTATE classes: 08 connection, 53 insufficient resources,
 * 57P01 to 57P03 shutting down or starting: https://www.postgresql.org/docs/18/errcodes-appendix.html
 */
const awayCodes = /^(?:08\w{3}|53300|57P0[123]|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOENT)$/;
/** The pool and the driver give their own endings no code. */
const awayMessages =
  /^(?:timeout exceeded when trying to connect|timeout expired|Connection terminated(?: unexpectedly| due to connection timeout)?|Query read timeout)$/;

/** No connection for a transaction; its cause is the reason of the pool. */
class NoConnection extends Error {}

/** Names a failed attempt to take a connection as one, so that a refused address of anything else is not taken for it. */
export function noConnection(cause: unknown): Error {
  return new NoConnection('The control plane database gave no connection', { cause });
}

/**
 * Whether an exception of the control plane means that its database cannot be reached now: busy with others, starting, stopping or gone.
 * False for whatever the database refused and for all that it did not throw. A statement under way may have been carried out.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof NoConnection) return isAway(error.cause);
  return 'query' in error && 'params' in error && isAway(error.cause);
}

function isAway(reason: unknown): boolean {
  if (!(reason instanceof Error)) return false;
  const { code } = reason as { code?: unknown };
  return (typeof code === 'string' && awayCodes.test(code)) || awayMessages.test(reason.message);
}
