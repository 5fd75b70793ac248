/** Where query threads read chunks: the embedded engine's socket or a ClickHouse server. Structured-cloneable. */
export interface EngineAddress {
  /** `http(s)://host:8123`; for a socket any `http://` address. */
  readonly url: string;
  readonly socketPath?: string;
  readonly user?: string;
  readonly password?: string;
  readonly database: string;
}
