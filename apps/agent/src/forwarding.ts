import type { Agent } from 'node:http';
import type { Clock, Logger } from '@sightline/base';
import type { AgentSpool } from '@sightline/fleet/messages';

/** What the forwarding of this site's records needs to begin. */
export interface ForwardingOptions {
  /** Address of the server, without the path. */
  readonly server: string;
  /** The agent's own token. */
  readonly token: string;
  readonly site: string;
  /** Folder of its own below the data folder. */
  readonly folder: string;
  readonly limitBytes: number;
  /** Port on 127.0.0.1 for OTLP over HTTP; 0 for any free one. */
  readonly receivePort: number;
  readonly httpAgent: Agent;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The spool with its two ends: what the site receives, and what goes to the server. */
export interface Forwarding {
  /** Takes an encoded OTLP request of ours; resolves when it is durable or was dropped and counted. */
  submit(signal: 'logs' | 'traces' | 'metrics', request: Buffer): Promise<void>;
  status(): AgentSpool;
  /** Port on which records are received; 0 when it could not be had. */
  readonly receivePort: number;
  /** The link is up: what waits may go at once. */
  wake(): void;
  close(): Promise<void>;
}

export type StartForwarding = (options: ForwardingOptions) => Promise<Forwarding>;
