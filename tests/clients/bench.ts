import type { Product } from '../support/product.ts';
import type { Workshop } from '../support/stock-client.ts';

/** What all clients' tests share: one product, and one folder to try its snippets in. Filled before the first test. */
export interface Bench {
  readonly product: Product;
  readonly workshop: Workshop;
  /** The product's further ports for OTLP. */
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Its ports for syslog (plain and TLS), GELF, and Fluentd's forward protocol (plain and with the handshake). */
  readonly syslogPort: number;
  readonly syslogTlsPort: number;
  readonly gelfPort: number;
  readonly forwardPort: number;
  readonly handshakePort: number;
  /** The PEM file of the certificate that TLS shows. */
  readonly certificate: string;
}
