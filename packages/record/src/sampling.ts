/** Which traces of an organisation are kept. One with a failed span or an error record is, whatever else the policy says. */
export interface SamplingPolicy {
  readonly name: string;
  /** A trace with a span that lasted as long or longer is kept; null: however long. */
  readonly slowMs: number | null;
  /** Of the traces that a service takes part in, this share; with several such services the greatest counts. */
  readonly services: readonly { readonly service: string; readonly share: number }[];
  /** Of all other traces; 0 to 1. */
  readonly share: number;
  /** A trace is decided when nothing of it has come for so long. */
  readonly waitMs: number;
}
