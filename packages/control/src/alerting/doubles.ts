/** True when a statement failed because a unique index holds such a row already (SQLSTATE 23505). */
export function isDouble(error: unknown): boolean {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  return code === '23505' || cause?.code === '23505';
}
