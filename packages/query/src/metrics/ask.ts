import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';

/**
 * Runs a SELECT in which a name means the table's column wherever there is one, and an alias only otherwise: `any(site) AS
 * site … WHERE site = 'x'` then filters rows, as it reads. Throws `StoreError`.
 */
export function ask<Row>(
  reader: TelemetryReader,
  sql: string,
  parameters: Readonly<Record<string, ParameterValue>>,
  limits: QueryLimits,
): Promise<Row[]> {
  return reader.query<Row>(sql, parameters, {
    ...limits,
    settings: { prefer_column_name_to_alias: 1, ...limits.settings },
  });
}
