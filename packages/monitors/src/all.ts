import type { MonitorType } from './monitor-type.ts';
import { heartbeat } from './types/heartbeat/heartbeat.ts';
import { http } from './types/http/http.ts';
import { tcp } from './types/tcp/tcp.ts';

/** Every type of monitor, in the order in which people choose. A new one is a folder under `types/` and a line here. */
export const monitorTypes: readonly MonitorType[] = [http, tcp, heartbeat];

export function findMonitorType(name: string): MonitorType | undefined {
  return monitorTypes.find((type) => type.name === name);
}
